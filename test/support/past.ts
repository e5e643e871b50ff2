// Mail of the past, written straight into the tables: what the purge meets after weeks.
import { env } from "cloudflare:workers";
import { uuidv7 } from "../../src/lib/id.ts";
import type { DeliveryState } from "../../src/model/delivery.ts";
import { putContent } from "../../src/store/content.ts";

export const DAY = 24 * 60 * 60 * 1000;

/** One delivery of the past. */
export type PastDelivery = {
  readonly state: DeliveryState;
  /** When the last attempt was made, or null when none was. */
  readonly at: number | null;
  /** Position of the log row that tells of it. */
  readonly log?: number;
  readonly dueAt?: number;
};

/** A delivered one. */
export function deliveredAt(at: number): PastDelivery {
  return { state: "delivered", at };
}

/** A message accepted at `createdAt`, with its content: inline, or in R2 with `blob`. Answers its id. */
export async function givenPast(
  createdAt: number,
  deliveries: readonly PastDelivery[],
  options: { readonly blob?: boolean; readonly address?: (n: number) => string } = {},
): Promise<string> {
  const id = uuidv7(createdAt);
  const key = options.blob ? `content/${id}/${crypto.randomUUID()}` : null;
  if (key !== null) {
    await putContent(env.CONTENT, key, {
      head: "{}",
      parts: [],
      size: 2,
      inline: false,
      form: "text",
    });
  }
  const address = options.address ?? ((n: number) => `Person${n}@example.com`);
  const recipients = deliveries.map((_, n) => ({ address: address(n), name: "", role: "to" }));
  await env.DB.batch([
    env.DB.prepare(
      `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
         tags, send_id, list_id, metadata, recipients, on_ambiguous, size, content_id, content_key)
       values (?1, ?2, 'key', 'transactional', 's@edgepost.test', '', 's', '', 's', 'l', '{}', ?3,
         'retry', 2, case when ?4 is null then (select coalesce(max(id), 0) + 1 from contents) end, ?4)`,
    ).bind(id, createdAt, JSON.stringify(recipients), key),
    env.DB.prepare(
      `insert into contents (id, message_id, head)
       select content_id, id, '{}' from messages where id = ?1 and content_id is not null`,
    ).bind(id),
    ...deliveries.map((delivery, n) =>
      env.DB.prepare(
        `insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at, history)
         values (?1, ?2, ?3, 'transactional', ?4, ?5, ?6, ?7)`,
      ).bind(
        address(n).toLowerCase(),
        id,
        n,
        delivery.state,
        delivery.dueAt ?? null,
        createdAt + 3 * DAY,
        JSON.stringify(
          delivery.at === null
            ? []
            : [
                { at: delivery.at - 1, log: null },
                { at: delivery.at, log: delivery.log ?? null },
              ],
        ),
      ),
    ),
  ]);
  return id;
}

/** Many delivered messages with one recipient each, one every millisecond from `start` on. */
export async function givenManyPast(count: number, start: number): Promise<void> {
  const CHUNK = 2_000;
  for (let first = 0; first < count; first += CHUNK) {
    const ids = Array.from({ length: Math.min(CHUNK, count - first) }, (_, n) => {
      const at = start + first + n;
      return [uuidv7(at), at, first + n];
    });
    await env.DB.batch(
      [
        `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
           tags, send_id, list_id, metadata, recipients, on_ambiguous, size, content_id)
         select value ->> 0, value ->> 1, 'key', 'transactional', 's@edgepost.test', '', 's', '', 's',
           'l', '{}', json_array(json_object('address', 'p' || (value ->> 2) || '@example.com')),
           'retry', 2, (value ->> 2) + 1 from json_each(?1)`,
        `insert into contents (id, message_id, head)
         select (value ->> 2) + 1, value ->> 0, '{}' from json_each(?1)`,
        `insert into deliveries (recipient, message_id, position, lane, state, expires_at, history)
         select 'p' || (value ->> 2) || '@example.com', value ->> 0, 0, 'transactional', 'delivered',
           0, json_array(json_object('at', value ->> 1, 'log', (value ->> 1) * 1000))
         from json_each(?1)`,
        `insert into event_log (position, events) select (value ->> 1) * 1000, '[]' from json_each(?1)`,
      ].map((sql) => env.DB.prepare(sql).bind(JSON.stringify(ids))),
    );
  }
}

/** Writes empty log rows of these moments. */
export async function givenLog(...times: readonly number[]): Promise<void> {
  await env.DB.batch(
    times.map((time) =>
      env.DB.prepare("insert into event_log (position, events) values (?1, '[]')").bind(
        time * 1000,
      ),
    ),
  );
}

/** Ids of all messages that are left. */
export async function messagesLeft(): Promise<readonly string[]> {
  const { results } = await env.DB.prepare("select id from messages order by id").all<{
    id: string;
  }>();
  return results.map(({ id }) => id);
}

/** The moments of all log rows that are left. */
export async function logLeft(): Promise<readonly number[]> {
  const { results } = await env.DB.prepare("select position from event_log order by position").all<{
    position: number;
  }>();
  return results.map(({ position }) => Math.floor(position / 1000));
}

/** Keys of all contents in R2. */
export async function blobsLeft(): Promise<readonly string[]> {
  const { objects } = await env.CONTENT.list({ prefix: "content/" });
  return objects.map(({ key }) => key);
}

/** Deletes everything in R2: contents, exports, the ledger of erasures. */
export async function emptyBlobs(): Promise<void> {
  const { objects } = await env.CONTENT.list();
  if (objects.length > 0) await env.CONTENT.delete(objects.map(({ key }) => key));
}

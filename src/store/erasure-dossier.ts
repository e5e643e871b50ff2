// SQL of everything that is kept of an address, for its owner: what was sent to it with events and
// contents, a page at a time.
import type { Activity, Attempt, DeliveryState } from "../model/delivery.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { Message } from "../model/message.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { decodeMessage, JOIN_CONTENT, messageColumns, type MessageRow } from "./message.ts";
import { joinMessage, ofMessage } from "./message-item.ts";

/** A delivery with its message, its events and where the content is. */
export type Dossier = {
  readonly message: Message;
  readonly idempotencyKey: string | null;
  readonly content: StoredContent;
  readonly position: number;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly md5: string | null;
  readonly history: readonly Attempt[];
  readonly activity: readonly Activity[];
  readonly events: readonly DeliveryEvent[];
};

/** Bytes of contents and entries of timelines on one page: several times this is held. */
const PAGE_BYTES = 16 * 1024 * 1024;
const PAGE_ENTRIES = 1_000;

type Row = MessageRow & {
  idempotency_key: string | null;
  head: string | null;
  parts: string | null;
  position: number;
  state: DeliveryState;
  due_at: number | null;
  md5: string | null;
  history: string;
  activity: string;
  number: number;
  total: number;
};

const SIZE = ofMessage("d.message_id", "size");

/** Which deliveries a page shows: of recipient ?1 after message ?2, at most ?3, oldest first. */
const CHOSEN = `select * from (
  select d.*, sum(${SIZE}) over (order by d.message_id) - ${SIZE} as bytes,
    sum(json_array_length(d.history) + json_array_length(d.activity)) over (order by d.message_id)
      - json_array_length(d.history) - json_array_length(d.activity) as entries,
    row_number() over (order by d.message_id) as number, count(*) over () as total
  from (select * from deliveries where recipient = ?1 and message_id > ?2
    order by message_id limit ?3) d ${joinMessage("d.message_id")})
  where bytes < ${PAGE_BYTES} and entries < ${PAGE_ENTRIES}`;

/** A page of what was sent to an address; `next` is the last message id, null at the end. */
export async function listDossiers(
  db: D1Database,
  page: { readonly recipient: string; readonly after: string; readonly limit: number },
): Promise<{ readonly dossiers: readonly Dossier[]; readonly next: string | null }> {
  const bounds = [page.recipient, page.after, page.limit] as const;
  const results = await batch(db, [
    statement(
      db,
      `select ${messageColumns("d.message_id")}, m.idempotency_key, c.head, null as parts, d.position, d.state, d.due_at,
         lower(hex(d.md5)) as md5, d.history, d.activity, d.number, d.total
       from (${CHOSEN}) d ${joinMessage("d.message_id")} ${JOIN_CONTENT}
       order by d.message_id`,
      ...bounds,
    ),
    statement(
      db,
      `with chosen as materialized (${CHOSEN}), named as (
         select t.value ->> 'log' as log from chosen, json_each(chosen.history) t
         union select t.value ->> 'log' from chosen, json_each(chosen.activity) t)
       select e.value as event from event_log l, json_each(l.events) e, chosen c
       where l.position in (select log from named) and c.message_id = e.value ->> 'messageId'
         and c.position = e.value ->> 'position'
       order by l.position`,
      ...bounds,
    ),
  ]);
  const found = rowsOf<Row>(results[0]);
  const events = Map.groupBy(
    rowsOf<{ event: string }>(results[1]).map(({ event }) => stored<DeliveryEvent>(event)),
    ({ messageId }) => messageId,
  );
  const last = found.at(-1);
  const more = last && (last.number < last.total || last.total === page.limit);
  return {
    dossiers: found.map((row) => decode(row, events.get(row.id) ?? [])),
    next: last && more ? last.id : null,
  };
}

function decode(row: Row, events: readonly DeliveryEvent[]): Dossier {
  return {
    message: decodeMessage(row),
    idempotencyKey: row.idempotency_key,
    content: storedContent(row),
    position: row.position,
    state: row.state,
    dueAt: row.due_at,
    md5: row.md5,
    history: stored<Attempt[]>(row.history),
    activity: stored<Activity[]>(row.activity),
    events,
  };
}

/** Of these messages, those that the address still has a delivery of. */
export async function sentAmong(
  db: D1Database,
  recipient: string,
  messageIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const query = statement(
    db,
    `select message_id as id from deliveries
     where recipient = ?1 and message_id in (select value from json_each(?2))`,
    recipient,
    JSON.stringify(messageIds),
  );
  return new Set((await rows<{ id: string }>(query)).map(({ id }) => id));
}

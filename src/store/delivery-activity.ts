// SQL of what readers did: one read and one transaction per batch of opens and clicks, however many
// deliveries it touches.
import type { Activity, Attempt } from "../model/delivery.ts";
import type { DeliveryEvent } from "../model/event.ts";
import { batch, rows, statement, stored } from "./db.ts";

/** A delivery as a batch of facts needs it. */
export type TrackedDelivery = {
  /** Its row's key. */
  readonly recipient: string;
  readonly messageId: string;
  readonly position: number;
  readonly email: string;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  /** When a relay took it, epoch milliseconds; null when none is known to have. */
  readonly deliveredAt: number | null;
  readonly activity: readonly Activity[];
};

/** What a batch adds to one delivery. */
export type ActivityEntry = {
  readonly delivery: TrackedDelivery;
  readonly added: readonly Activity[];
  readonly events: readonly DeliveryEvent[];
};

type Row = {
  recipient: string;
  message_id: string;
  position: number;
  email: string;
  tags: string;
  send_id: string;
  list_id: string;
  history: string;
  activity: string;
};

/** The deliveries of these messages and positions; those that were purged are missing. */
export async function readTracked(
  db: D1Database,
  places: readonly { readonly messageId: string; readonly position: number }[],
): Promise<readonly TrackedDelivery[]> {
  const found = await rows<Row>(
    statement(
      db,
      `select d.recipient, d.message_id, d.position, d.history, d.activity, m.tags, m.send_id,
         m.list_id, m.recipients ->> ('$[' || d.position || '].address') as email
       from (select distinct value ->> 0 as message_id, value ->> 1 as position from json_each(?1)) f
       join messages m on m.id = f.message_id
       join deliveries d on d.message_id = m.id and d.recipient = coalesce(
         m.recipients ->> ('$[' || f.position || '].key'),
         lower(m.recipients ->> ('$[' || f.position || '].address')))`,
      JSON.stringify(places.map(({ messageId, position }) => [messageId, position])),
    ),
  );
  return found.map((row) => ({
    recipient: row.recipient,
    messageId: row.message_id,
    position: row.position,
    email: row.email,
    tags: row.tags,
    sendId: row.send_id,
    listId: row.list_id,
    deliveredAt: deliveredAt(stored<Attempt[]>(row.history)),
    activity: stored<Activity[]>(row.activity),
  }));
}

function deliveredAt(history: readonly Attempt[]): number | null {
  return history.findLast(({ result }) => result === "success")?.at ?? null;
}

/** A delivery that nobody wrote to since it was read. */
const UNCHANGED = `d.recipient = w.value ->> 'recipient' and d.message_id = w.value ->> 'message'
  and json_array_length(d.activity) = w.value ->> 'known'`;

/**
 * Commits a batch: one event log row, one update per delivery. A delivery that changed since it was read
 * is left out, so the second run of the same batch changes nothing. Answers how many were updated.
 */
export async function commitActivity(
  db: D1Database,
  entries: readonly ActivityEntry[],
  now: number,
): Promise<number> {
  const window = JSON.stringify(
    entries.map(({ delivery, added, events }) => ({
      recipient: delivery.recipient,
      message: delivery.messageId,
      known: delivery.activity.length,
      added,
      events,
    })),
  );
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
         json_group_array(json(e.value))
       from json_each(?1) w, json_each(w.value, '$.events') e
       where exists (select 1 from deliveries d where ${UNCHANGED}) group by 'one row'`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set activity = (
         select json_group_array(json(a.value)) from (
           select value from json_each(d.activity)
           union all
           select json_set(value, '$.log', (select max(position) from event_log))
           from json_each(w.value, '$.added')) a)
       from json_each(?1) w where ${UNCHANGED}`,
      window,
    ),
  ]);
  return results[1]?.meta.changes ?? 0;
}

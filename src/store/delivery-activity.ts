// SQL of what happens after an attempt, what readers did and what others report: one read and one
// transaction per batch, however many deliveries it touches.
import type { Activity, Attempt, DeliveryState } from "../model/delivery.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { MailClass } from "../model/message.ts";
import type { SuppressionScope } from "../model/suppression.ts";
import { batch, rows, statement, stored } from "./db.ts";
import { endMemberships } from "./contact-end.ts";
import { columnsOf, joinMessage, recipientsOf } from "./message-item.ts";

/** A delivery as a batch needs it. */
export type TrackedDelivery = {
  /** Its row's key. */
  readonly recipient: string;
  readonly messageId: string;
  readonly position: number;
  readonly email: string;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  readonly mailClass: MailClass;
  /** When a relay took it, epoch milliseconds; null when none is known to have. */
  readonly deliveredAt: number | null;
  readonly state: DeliveryState;
  readonly history: readonly Attempt[];
  readonly activity: readonly Activity[];
};

/** What a batch adds to one delivery. */
export type ActivityEntry = {
  readonly delivery: TrackedDelivery;
  readonly added: readonly Activity[];
  readonly events: readonly DeliveryEvent[];
  /** What others report may end it otherwise; null says nothing of the state. */
  readonly verdict: Verdict | null;
};

/** What a report does beside telling. */
export type Verdict = {
  /** `delivered` becomes `bounced`. */
  readonly bounced: boolean;
  readonly suppress: readonly { readonly scope: SuppressionScope; readonly reason: string }[];
};

/** A row of TRACKED. */
export type TrackedRow = {
  recipient: string;
  message_id: string;
  position: number;
  email: string;
  tags: string;
  send_id: string;
  list_id: string;
  mail_class: MailClass;
  state: DeliveryState;
  history: string;
  activity: string;
};

/** The columns of a TrackedDelivery: of a delivery `d` and its message `m`. */
export const TRACKED = `d.recipient, d.message_id, d.position, d.state, d.history, d.activity,
  ${columnsOf("d.message_id", ["tags", "send_id", "list_id", "mail_class"])},
  ${recipientsOf("d.message_id")} ->> ('$[' || d.position || '].address') as email`;

/** SQL for the key of the delivery at a position of the message with an id; null where there is nobody. */
export function recipientAt(id: string, position: string): string {
  const recipients = recipientsOf(id);
  return `coalesce(${recipients} ->> ('$[' || ${position} || '].key'),
    lower(${recipients} ->> ('$[' || ${position} || '].address')))`;
}

/** The deliveries of these messages and positions; those that were purged are missing. */
export async function readTracked(
  db: D1Database,
  places: readonly { readonly messageId: string; readonly position: number }[],
): Promise<readonly TrackedDelivery[]> {
  const found = await rows<TrackedRow>(
    statement(
      db,
      `select ${TRACKED}
       from (select distinct value ->> 0 as message_id, value ->> 1 as position from json_each(?1)) f
       ${joinMessage("f.message_id")}
       join deliveries d on d.message_id = f.message_id
         and d.recipient = ${recipientAt("f.message_id", "f.position")}`,
      JSON.stringify(places.map(({ messageId, position }) => [messageId, position])),
    ),
  );
  return found.map(decodeTracked);
}

/** A delivery from a row of TRACKED. */
export function decodeTracked(row: TrackedRow): TrackedDelivery {
  const history = stored<Attempt[]>(row.history);
  return {
    recipient: row.recipient,
    messageId: row.message_id,
    position: row.position,
    email: row.email,
    tags: row.tags,
    sendId: row.send_id,
    listId: row.list_id,
    mailClass: row.mail_class,
    deliveredAt: deliveredAt(history),
    state: row.state,
    history,
    activity: stored<Activity[]>(row.activity),
  };
}

function deliveredAt(history: readonly Attempt[]): number | null {
  return history.findLast(({ result }) => result === "success")?.at ?? null;
}

/** A delivery that nobody wrote to since it was read; its state counts only where it matters. */
const UNCHANGED = `d.recipient = w.value ->> 'recipient' and d.message_id = w.value ->> 'message'
  and json_array_length(d.activity) = w.value ->> 'known'
  and d.state = coalesce(w.value ->> 'state', d.state)`;

/**
 * Commits a batch: one event log row, one update per delivery, a row per suppression and per place on a list
 * that ends. A delivery that
 * changed since it was read is left out, so the second run of the same batch changes nothing. Answers how
 * many were updated.
 */
export async function commitActivity(
  db: D1Database,
  entries: readonly ActivityEntry[],
  now: number,
): Promise<number> {
  const window = JSON.stringify(
    entries.map(({ delivery, added, events, verdict }) => ({
      recipient: delivery.recipient,
      message: delivery.messageId,
      known: delivery.activity.length,
      state: verdict && delivery.state,
      bounced: verdict?.bounced ? 1 : 0,
      suppress: verdict?.suppress ?? [],
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
      `insert into suppressions (address, scope, reason, message_id, created_at)
       select w.value ->> 'recipient', s.value ->> 'scope', s.value ->> 'reason',
         w.value ->> 'message', ?2
       from json_each(?1) w, json_each(w.value, '$.suppress') s
       where exists (select 1 from deliveries d where ${UNCHANGED})
       on conflict do nothing`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set
         state = iif(w.value ->> 'bounced', 'bounced', d.state),
         activity = (
           select json_group_array(json(a.value)) from (
             select value from json_each(d.activity)
             union all
             select json_set(value, '$.log', iif(json_array_length(w.value, '$.events') > 0,
               (select max(position) from event_log), null))
             from json_each(w.value, '$.added')) a)
       from json_each(?1) w where ${UNCHANGED}`,
      window,
    ),
    ...endMemberships(
      db,
      entries.flatMap(({ events }) => events),
    ),
  ]);
  return results[2]?.meta.changes ?? 0;
}

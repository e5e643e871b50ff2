// SQL of unsubscribing: the suppression, its event and the delivery's trace are one transaction.
import { addressKey } from "../model/address.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { Mailbox } from "../model/message.ts";
import { batch, rows, statement } from "./db.ts";

/** What an unsubscribe page and its event say about the message. */
export type Subscription = {
  readonly from: Mailbox;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
};

/** The sender's side of a message, or null when it was purged. */
export async function findSubscription(
  db: D1Database,
  messageId: string,
): Promise<Subscription | null> {
  const [row] = await rows<{
    from_address: string;
    from_name: string;
    tags: string;
    send_id: string;
    list_id: string;
  }>(
    statement(
      db,
      "select from_address, from_name, tags, send_id, list_id from messages where id = ?1",
      messageId,
    ),
  );
  if (!row) return null;
  const from = { address: row.from_address, name: row.from_name };
  return { from, tags: row.tags, sendId: row.send_id, listId: row.list_id };
}

/** The address is not unsubscribed yet; ?1 is its key. */
const SUBSCRIBED = `not exists
  (select 1 from suppressions where address = ?1 and scope = 'unsubscribe')`;

/**
 * Stops marketing mail to the event's address, with one event; nothing when it was stopped before.
 * Safe to repeat. Answers whether anything changed.
 */
export async function unsubscribe(
  db: D1Database,
  event: DeliveryEvent,
  reason: string,
): Promise<boolean> {
  const key = addressKey(event.email);
  const trace = { id: event.id, kind: "unsubscribe", at: event.at, machine: false, log: null };
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)), ?3
       where ${SUBSCRIBED}`,
      key,
      event.at,
      JSON.stringify([event]),
    ),
    statement(
      db,
      `update deliveries set activity = json_insert(activity, '$[#]',
         json_set(?3, '$.log', (select max(position) from event_log)))
       where recipient = ?1 and message_id = ?2 and ${SUBSCRIBED}`,
      key,
      event.messageId,
      JSON.stringify(trace),
    ),
    statement(
      db,
      `insert into suppressions (address, scope, reason, message_id, created_at)
       values (?1, 'unsubscribe', ?2, ?3, ?4) on conflict do nothing`,
      key,
      reason,
      event.messageId,
      event.at,
    ),
  ]);
  return (results[2]?.meta.changes ?? 0) > 0;
}

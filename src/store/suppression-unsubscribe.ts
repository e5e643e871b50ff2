// SQL of unsubscribing: the suppression, its event and the delivery's trace are one transaction.
import { addressKey } from "../model/address.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { MailClass, Mailbox } from "../model/message.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import { endMemberships } from "./contact-end.ts";
import { columnsOf, isThere, rowOf } from "./message-item.ts";

/** What an unsubscribe page and its event say about the message. */
export type Subscription = {
  readonly from: Mailbox;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  readonly mailClass: MailClass;
};

const SUBSCRIBED_TO = [
  "from_address",
  "from_name",
  "tags",
  "send_id",
  "list_id",
  "mail_class",
] as const;

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
    mail_class: MailClass;
  }>(
    statement(
      db,
      `select ${columnsOf("?1", SUBSCRIBED_TO)}
       from messages m where m.id = ${rowOf("?1")} and ${isThere("?1")}`,
      messageId,
    ),
  );
  if (!row) return null;
  const from = { address: row.from_address, name: row.from_name };
  const { tags, send_id: sendId, list_id: listId, mail_class: mailClass } = row;
  return { from, tags, sendId, listId, mailClass };
}

/**
 * Stops marketing mail to an address that was erased after this mail: by its MD5 entry and without an event,
 * so that no byte of it comes back. Safe to repeat.
 */
export async function unsubscribeErased(
  db: D1Database,
  wish: { readonly md5Entry: string; readonly messageId: string; readonly at: number },
  reason: string,
): Promise<void> {
  await statement(
    db,
    `insert into suppressions (address, scope, reason, message_id, created_at)
     values (?1, 'unsubscribe', ?2, ?3, ?4) on conflict do nothing`,
    wish.md5Entry,
    reason,
    wish.messageId,
    wish.at,
  ).run();
}

/** An address that wants no more marketing mail, and how it said so. */
export type Wish = { readonly event: DeliveryEvent; readonly reason: string };

/** The address of a wish `w` is not unsubscribed yet. */
const SUBSCRIBED = `not exists (select 1 from suppressions
  where address = w.value ->> 'key' and scope = 'unsubscribe')`;

/**
 * Stops marketing mail to the event's address, with one event; nothing when it was stopped before.
 * Safe to repeat. Answers whether anything changed.
 */
export async function unsubscribe(
  db: D1Database,
  event: DeliveryEvent,
  reason: string,
): Promise<boolean> {
  return (await unsubscribeAll(db, [{ event, reason }], event.at)).size > 0;
}

/**
 * The same for many wishes, no two of one address, in one transaction with one event log row; `now` is
 * when it is committed. Those that were stopped before leave the list of this mail too. Answers the ids
 * of the events that were fired.
 */
export async function unsubscribeAll(
  db: D1Database,
  wishes: readonly Wish[],
  now: number,
): Promise<ReadonlySet<string>> {
  const window = JSON.stringify(
    wishes.map(({ event, reason }) => ({
      key: addressKey(event.email),
      event,
      reason,
      trace: { id: event.id, kind: "unsubscribe", at: event.at, machine: false, log: null },
    })),
  );
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
         json_group_array(json(w.value -> 'event'))
       from json_each(?1) w where ${SUBSCRIBED} group by 'one row'`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set activity = json_insert(activity, '$[#]',
         json_set(w.value -> 'trace', '$.log', (select max(position) from event_log)))
       from json_each(?1) w
       where d.recipient = w.value ->> 'key' and d.message_id = w.value ->> '$.event.messageId'
         and ${SUBSCRIBED}`,
      window,
    ),
    statement(
      db,
      `insert into suppressions (address, scope, reason, message_id, created_at)
       select w.value ->> 'key', 'unsubscribe', w.value ->> 'reason',
         w.value ->> '$.event.messageId', ?2
       from json_each(?1) w where true on conflict do nothing returning address`,
      window,
      now,
    ),
    ...endMemberships(
      db,
      wishes.map(({ event }) => event),
    ),
  ]);
  const changed = new Set(rowsOf<{ address: string }>(results[2]).map(({ address }) => address));
  const fired = wishes.filter(({ event }) => changed.has(addressKey(event.email)));
  return new Set(fired.map(({ event }) => event.id));
}

// SQL of erasing what was sent to an address: what waits is cancelled, then deliveries go with their
// events, their recipients' places and the contents that nobody else needs. All of it may run twice.
import { TERMINAL_STATES } from "../model/delivery.ts";
import type { Recipient } from "../model/message.ts";
import { type StoredContent, storedContent } from "./content.ts";
import { refundSql } from "./credit.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { LOST_ATTEMPT } from "./delivery.ts";
import { logCancelledSql } from "./list-campaign.ts";
import { JOIN_CONTENT } from "./message.ts";
import {
  ITEM_ID,
  itemNumber,
  joinMessage,
  RECIPIENT_KEY,
  RECIPIENTS,
  recipientsOf,
  rowOf,
} from "./message-item.ts";

/** The deliveries of an address whose message id is below `bound`. */
export type SentTo = { readonly recipient: string; readonly bound: string };

/** Deliveries of one step, and the entries of their timelines: each may name a log row of 70 KB. */
const STEP_DELIVERIES = 20;
const STEP_ENTRIES = 400;

const TERMINAL = TERMINAL_STATES.map((state) => `'${state}'`).join(", ");

/**
 * Cancels what waits for its turn, or was lost by a process that died; credits of what was never tried are
 * refunded. What is being handed to a relay
 * right now keeps its lease but is not tried again. Answers how many were cancelled, and how many are
 * being handed over.
 */
export async function cancelOpen(
  db: D1Database,
  { recipient, bound }: SentTo,
  now: number,
): Promise<{ readonly cancelled: number; readonly sending: number }> {
  const waiting = `recipient = ?1 and message_id < ?3 and state not in (${TERMINAL})
    and (lease_until is null or lease_until <= ?2)`;
  const untried = `select d.message_id from (select * from deliveries where ${waiting}) d
    ${joinMessage("d.message_id")}
    where d.attempts = 0 and d.lease_id is null and m.credits > 0`;
  const results = await batch(db, [
    statement(db, refundSql(untried, "?2"), recipient, now, bound),
    statement(
      db,
      logCancelledSql(`select * from deliveries where ${waiting}`),
      recipient,
      now,
      bound,
    ),
    statement(
      db,
      `update deliveries set state = 'cancelled', due_at = null, lease_id = null, lease_until = null,
         attempts = attempts + (lease_id is not null),
         history = case when lease_id is null then history
           else json_insert(history, '$[#]', ${LOST_ATTEMPT}) end
       where ${waiting}`,
      recipient,
      now,
      bound,
    ),
    statement(
      db,
      `update deliveries set due_at = null
       where recipient = ?1 and message_id < ?2 and state not in (${TERMINAL}) and due_at is not null`,
      recipient,
      bound,
    ),
    statement(
      db,
      `select count(*) as sending from deliveries
       where recipient = ?1 and message_id < ?2 and state not in (${TERMINAL})`,
      recipient,
      bound,
    ),
  ]);
  const { sending } = rowsOf<{ sending: number }>(results[4])[0] ?? { sending: 0 };
  return { cancelled: results[2]?.meta.changes ?? 0, sending };
}

/** A delivery that is over, with what its message still keeps of it. */
export type SentMail = {
  readonly messageId: string;
  readonly position: number;
  /** Others that the message was sent to and that were not erased; and that its batch was. */
  readonly others: number;
  readonly othersOfRow: number;
  /** Of its row: the same as the message's, unless it is an item of a batch. */
  readonly rowId: string;
  readonly contentId: number | null;
  readonly content: StoredContent;
  /** Bytes of what is stored together. */
  readonly size: number;
};

/** The next deliveries of an address that are over, oldest first; a few. */
export async function nextSent(
  db: D1Database,
  { recipient, bound }: SentTo,
): Promise<readonly SentMail[]> {
  const found = await rows<{
    message_id: string;
    position: number;
    recipients: string | null;
    others_of_row: number | null;
    row_id: string | null;
    piece: number | null;
    content_id: number | null;
    content_key: string | null;
    row_size: number | null;
    head: string | null;
    parts: string | null;
  }>(
    statement(
      db,
      `with next as (
         select message_id, position, json_array_length(history) + json_array_length(activity) as entries
         from deliveries where recipient = ?1 and message_id < ?2 and state in (${TERMINAL})
         order by message_id limit ${STEP_DELIVERIES}
       ), sized as (
         select *, coalesce(sum(entries) over (
           order by message_id rows between unbounded preceding and 1 preceding), 0) as before
         from next)
       select n.message_id, n.position, ${recipientsOf("n.message_id")} as recipients, m.id as row_id,
         (select count(*) from ${RECIPIENTS}
           where r.value ->> 'erased' is null and ${RECIPIENT_KEY} <> ?1) as others_of_row,
         iif(m.items is null, null, ${itemNumber("n.message_id")}) as piece,
         m.content_id, m.content_key, m.size as row_size, c.head, c.parts
       from sized n left ${joinMessage("n.message_id")} ${JOIN_CONTENT}
       where n.before < ${STEP_ENTRIES} order by n.message_id`,
      recipient,
      bound,
    ),
  );
  return found.map((row) => ({
    messageId: row.message_id,
    position: row.position,
    others: stored<readonly Recipient[]>(row.recipients ?? "[]").filter(
      ({ erased }, n) => erased === undefined && n !== row.position,
    ).length,
    othersOfRow: row.others_of_row ?? 0,
    rowId: row.row_id ?? row.message_id,
    contentId: row.content_id,
    content: storedContent({ ...row, row_size: row.row_size ?? 0 }),
    size: row.row_size ?? 0,
  }));
}

/** The deliveries of a step: of recipient ?1, those of the messages in ?2 that are over. */
const STEP = `(d.recipient = ?1 and d.message_id in (select value from json_each(?2))
  and d.state in (${TERMINAL}))`;

/** Log rows that the timelines of the step's deliveries name. */
const NAMED = `select t.value ->> 'log' from deliveries d, json_each(d.history) t where ${STEP}
  union select t.value ->> 'log' from deliveries d, json_each(d.activity) t where ${STEP}`;

/** Recipients (SQL, a JSON array) of a message (SQL), without who is in `gone`. */
function blanked(recipients: string, messageId: string): string {
  return `(select json_group_array(json(coalesce((
      select json_object('address', '', 'name', '', 'role', r.value ->> 'role', 'erased', g.state)
      from gone g where g.message_id = ${messageId} and g.position = r.key), r.value)))
    from json_each(${recipients}) r)`;
}

/**
 * Erases the deliveries of a step in one transaction: their events, their places among the recipients,
 * contents of messages that are left without any, and the rows themselves. Answers how many went.
 */
export async function eraseSent(
  db: D1Database,
  recipient: string,
  mails: readonly SentMail[],
): Promise<number> {
  const ids = JSON.stringify(mails.map(({ messageId }) => messageId));
  const results = await batch(db, [
    statement(
      db,
      `with places as materialized (select d.message_id, d.position from deliveries d where ${STEP})
       update event_log set events = (
         select json_group_array(json(e.value)) from json_each(event_log.events) e
         where not exists (select 1 from places p
           where p.message_id = e.value ->> 'messageId' and p.position = e.value ->> 'position'))
       where position in (${NAMED})`,
      recipient,
      ids,
    ),
    statement(
      db,
      `with gone as materialized (
         select d.message_id, d.position, d.state from deliveries d where ${STEP})
       update messages as m set
         recipients = iif(m.items is null, ${blanked("m.recipients", "m.id")}, m.recipients),
         items = iif(m.items is null, null, (
           select json_group_array(json_set(i.value, '$.recipients',
             json(${blanked("i.value -> 'recipients'", ITEM_ID)})))
           from json_each(m.items) i))
       where m.id in (select ${rowOf("message_id")} from gone)`,
      recipient,
      ids,
    ),
    statement(
      db,
      `delete from contents where (id, message_id) in (
         select m.content_id, m.id from json_each(?1) a ${joinMessage("a.value")}
         where not exists (select 1 from ${RECIPIENTS} where r.value ->> 'erased' is null))`,
      ids,
    ),
    statement(db, `delete from deliveries as d where ${STEP}`, recipient, ids),
  ]);
  return results[3]?.meta.changes ?? 0;
}

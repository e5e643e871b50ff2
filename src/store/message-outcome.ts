// SQL of what became of each recipient of each message, in the order of time, in pages whose cost is
// bounded: histories are judged in SQL, so that they never leave the database.
import type { Activity, DeliveryState } from "../model/delivery.ts";
import type { MailClass, Role } from "../model/message.ts";
import { batch, rowsOf, statement } from "./db.ts";
import {
  ITEM_ID,
  ITEMS,
  ofItem,
  RECIPIENT_KEY,
  recipientCount,
  RECIPIENTS,
  rowOf,
} from "./message-item.ts";

/** One recipient of one message, and what became of the delivery. Times are epoch milliseconds. */
export type Outcome = {
  readonly messageId: string;
  readonly position: number;
  readonly createdAt: number;
  readonly from: string;
  readonly fromName: string;
  readonly subject: string;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  readonly mailClass: MailClass;
  /** JSON object. */
  readonly metadata: string;
  readonly email: string;
  readonly role: Role;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** When the last attempt was made; null when there was none. */
  readonly lastAt: number | null;
  /** What the bounce that came back later said, or else the last attempt. */
  readonly code: number | null;
  readonly reply: string | null;
  /** When a relay took it, while it counts as delivered: a later bounce takes this away. */
  readonly deliveredAt: number | null;
  /** People's, without machines. */
  readonly opens: number;
  readonly clicks: number;
  readonly unsubscribedAt: number | null;
  readonly complainedAt: number | null;
};

/** Messages of one page, and recipients that those before the last of them have at most. */
const PAGE_MESSAGES = 250;
const PAGE_RECIPIENTS = 500;

/** The row that a page begins with: the one of which ?1 is a message, if there is more of it behind. */
const START = `coalesce((select m.id from messages m where m.id = ${rowOf("?1")}
  and substr(m.id, 1, 33) || printf('%03d', json_array_length(m.items) - 1) >= ?1), ?1)`;

/** The rows of a page; ?1 and ?2 bound the ids, the first inclusive, which may be an item's of its row. */
const PAGE = `with page as materialized (
  select id from (
    select id, sum(${recipientCount("m")}) over (order by id) - ${recipientCount("m")} as before
    from (select id, recipients, recipient_count from messages
      where id >= ${START} and id < ?2 order by id limit ${PAGE_MESSAGES}) m)
  where before < ${PAGE_RECIPIENTS})`;

const SUCCESSES = "json_each(d.history) a where a.value ->> 'result' = 'success'";
const BY_PEOPLE = "and not a.value ->> 'machine'";

function activity(kind: Activity["kind"]): string {
  return `json_each(d.activity) a where a.value ->> 'kind' = '${kind}'`;
}

/** What the late bounce says, or else the last attempt; there is one such bounce at most. */
function lastSaid(field: "code" | "reply"): string {
  return `coalesce((select a.value ->> '${field}' from ${activity("bounce")}),
    d.history ->> '$[#-1].${field}')`;
}

type MessageRow = Pick<
  Outcome,
  | "createdAt"
  | "from"
  | "fromName"
  | "subject"
  | "tags"
  | "sendId"
  | "listId"
  | "mailClass"
  | "metadata"
> & { id: string };

type DeliveryRow = Omit<Outcome, keyof MessageRow>;

/**
 * Recipients in the order of time, from one of a message on, of messages with ids below `end`. `last` is
 * the message that ended the page; null when there is nothing further on. A recipient without a delivery
 * is left out.
 */
export async function readOutcomes(
  db: D1Database,
  range: { readonly id: string; readonly position: number; readonly end: string },
): Promise<{ readonly outcomes: readonly Outcome[]; readonly last: string | null }> {
  const results = await batch(db, [
    statement(
      db,
      `${PAGE} select ${ITEM_ID} as id, m.created_at as createdAt, ${ofItem("from_address")} as "from",
         ${ofItem("from_name")} as fromName, ${ofItem("subject")} as subject, ${ofItem("tags")} as tags,
         ${ofItem("send_id")} as sendId, ${ofItem("list_id")} as listId,
         ${ofItem("mail_class")} as mailClass, ${ofItem("metadata")} as metadata
       from page join messages m on m.id = page.id join ${ITEMS}
       where ${ITEM_ID} >= ?1 order by 1`,
      range.id,
      range.end,
    ),
    statement(
      db,
      `${PAGE} select ${ITEM_ID} as messageId, r.key as position, r.value ->> 'address' as email,
         r.value ->> 'role' as role, d.state, d.attempts,
         d.history ->> '$[#-1].at' as lastAt, ${lastSaid("code")} as code,
         ${lastSaid("reply")} as reply,
         case d.state when 'delivered' then (select max(a.value ->> 'at') from ${SUCCESSES})
           end as deliveredAt,
         (select count(*) from ${activity("open")} ${BY_PEOPLE}) as opens,
         (select count(*) from ${activity("click")} ${BY_PEOPLE}) as clicks,
         (select min(a.value ->> 'at') from ${activity("unsubscribe")}) as unsubscribedAt,
         (select min(a.value ->> 'at') from ${activity("complaint")}) as complainedAt
       from page join messages m on m.id = page.id join ${RECIPIENTS}
       join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = ${ITEM_ID}
       where (${ITEM_ID}, r.key) >= (?1, ?3) order by 1, 2`,
      range.id,
      range.end,
      range.position,
    ),
  ]);
  const messages = rowsOf<MessageRow>(results[0]);
  const byId = new Map(messages.map(({ id, ...message }) => [id, message]));
  const outcomes = rowsOf<DeliveryRow>(results[1]).flatMap((row) => {
    const message = byId.get(row.messageId);
    return message ? [{ ...message, ...row }] : [];
  });
  return { outcomes, last: messages.at(-1)?.id ?? null };
}

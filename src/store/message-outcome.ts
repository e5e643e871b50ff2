// SQL of what became of each recipient of each message, in the order of time, in pages whose cost is
// bounded: histories are judged in SQL, so that they never leave the database.
import type { Activity, DeliveryState } from "../model/delivery.ts";
import type { MailClass, Role } from "../model/message.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { RECIPIENT_KEY } from "./message-list.ts";

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

/** The messages of a page; ?1 and ?2 bound the ids, the first inclusive. */
const PAGE = `with page as materialized (
  select id from (
    select id, sum(json_array_length(recipients)) over (order by id) - json_array_length(recipients)
      as before
    from (select id, recipients from messages where id >= ?1 and id < ?2 order by id
      limit ${PAGE_MESSAGES}))
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
      `${PAGE} select m.id, m.created_at as createdAt, m.from_address as "from",
         m.from_name as fromName, m.subject, m.tags, m.send_id as sendId, m.list_id as listId,
         m.mail_class as mailClass, m.metadata
       from page join messages m on m.id = page.id order by m.id`,
      range.id,
      range.end,
    ),
    statement(
      db,
      `${PAGE} select m.id as messageId, r.key as position, r.value ->> 'address' as email,
         r.value ->> 'role' as role, d.state, d.attempts,
         d.history ->> '$[#-1].at' as lastAt, ${lastSaid("code")} as code,
         ${lastSaid("reply")} as reply,
         case d.state when 'delivered' then (select max(a.value ->> 'at') from ${SUCCESSES})
           end as deliveredAt,
         (select count(*) from ${activity("open")} ${BY_PEOPLE}) as opens,
         (select count(*) from ${activity("click")} ${BY_PEOPLE}) as clicks,
         (select min(a.value ->> 'at') from ${activity("unsubscribe")}) as unsubscribedAt,
         (select min(a.value ->> 'at') from ${activity("complaint")}) as complainedAt
       from page join messages m on m.id = page.id join json_each(m.recipients) r
       join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = m.id
       where m.id > ?1 or r.key >= ?3 order by m.id, r.key`,
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

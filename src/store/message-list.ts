// SQL of lists of messages: newest first, filtered, in pages whose cost is bounded.
import { uuidv7Bound } from "../lib/id.ts";
import { addressKey } from "../model/address.ts";
import type { DeliveryState } from "../model/delivery.ts";
import type { MailClass, Message } from "../model/message.ts";
import { batch, rowsOf, statement, stored } from "./db.ts";
import { decodeMessage, messageColumns, type MessageRow } from "./message.ts";
import {
  ITEM_ID,
  ITEMS,
  joinMessage,
  ofMessage,
  RECIPIENT_KEY,
  recipientsOf,
} from "./message-item.ts";

/** Which messages a list shows. Times are epoch milliseconds; absent filters are null. */
export type MessageFilter = {
  /** Only messages with an id below this one. */
  readonly before: string | null;
  readonly recipient: string | null;
  readonly tag: string | null;
  readonly state: DeliveryState | null;
  readonly mailClass: MailClass | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limit: number;
};

/** A message in a list, with how many of its deliveries are in which state. */
export type ListedMessage = {
  readonly message: Message;
  readonly states: Readonly<Record<string, number>>;
};

/** Sorts after every id. */
const AFTER_ALL = "g";

/** Messages passed for one page: a filter that matches little must not read the whole table. */
const SCAN_ROWS = 5_000;

/** The newest rows whose messages may stand on a page: of ?8 recipients, and of one row more, at most. */
const ROWS = `select m.id, m.items from (
    select id, sum(coalesce(recipient_count, 1)) over (order by id desc)
      - coalesce(recipient_count, 1) as before
    from (select id, recipient_count from messages where id < ?1 and id >= ?2
      order by id desc limit ?8)) p
  join messages m on m.id = p.id where p.before < ?8`;

/**
 * A page of messages, newest first. `next` continues where this page stopped, also when a filter left
 * few of the messages it passed; null at the end.
 */
export async function listMessages(
  db: D1Database,
  filter: MessageFilter,
): Promise<{ readonly messages: readonly ListedMessage[]; readonly next: string | null }> {
  const end = filter.to === null ? AFTER_ALL : uuidv7Bound(filter.to + 1);
  const bounds = [
    filter.before !== null && filter.before < end ? filter.before : end,
    uuidv7Bound(filter.from ?? 0),
    filter.recipient === null ? null : addressKey(filter.recipient),
  ] as const;
  const { tag, state, mailClass, metadata, limit } = filter;
  const unfiltered =
    tag === null && state === null && mailClass === null && Object.keys(metadata).length === 0;
  const scan = unfiltered ? limit : SCAN_ROWS;
  const ids =
    filter.recipient === null
      ? `select ${ITEM_ID} as id from (${ROWS}) m join ${ITEMS}
         where ?3 is null and ${ITEM_ID} < ?1 order by 1 desc`
      : `select message_id as id from deliveries
         where recipient = ?3 and message_id < ?1 and message_id >= ?2 order by message_id desc`;
  const behind =
    filter.recipient === null
      ? "messages where id < last and id >= ?2"
      : "deliveries where recipient = ?3 and message_id < last and message_id >= ?2";
  const deliveries = `from json_each(${recipientsOf("scanned.id")}) r
    join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = scanned.id`;
  const results = await batch(db, [
    statement(
      db,
      `select ${messageColumns("scanned.id")}, (select json_group_object(state, n) from
         (select d.state, count(*) as n ${deliveries} group by d.state)) as states
       from (${ids} limit ?8) scanned ${joinMessage("scanned.id")}
       where (?4 is null or ${ofMessage("scanned.id", "tags")} = ?4)
         and (?9 is null or ${ofMessage("scanned.id", "mail_class")} = ?9)
         and (?5 is null or exists (select 1 ${deliveries} where d.state = ?5))
         and not exists (select 1 from json_each(?6) f where not exists
           (select 1 from json_each(${ofMessage("scanned.id", "metadata")}) v where v.key = f.key and v.value = f.value))
       order by scanned.id desc limit ?7`,
      ...bounds,
      filter.tag,
      filter.state,
      JSON.stringify(filter.metadata),
      filter.limit,
      scan,
      mailClass,
    ),
    statement(
      db,
      `select last, exists (select 1 from ${behind}) as more
       from (select min(id) as last from (${ids} limit ?8))`,
      ...bounds,
      null,
      null,
      null,
      null,
      scan,
    ),
  ]);
  const found = rowsOf<MessageRow & { states: string }>(results[0]);
  const passed = rowsOf<{ last: string | null; more: number }>(results[1])[0];
  const messages = found.map((row) => ({
    message: decodeMessage(row),
    states: stored<Record<string, number>>(row.states),
  }));
  if (messages.length === filter.limit)
    return { messages, next: messages.at(-1)?.message.id ?? null };
  return { messages, next: passed?.more ? passed.last : null };
}

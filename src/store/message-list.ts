// SQL of lists of messages: newest first, filtered, in pages whose cost is bounded.
import { uuidv7Bound } from "../lib/id.ts";
import { addressKey } from "../model/address.ts";
import type { DeliveryState } from "../model/delivery.ts";
import type { Message } from "../model/message.ts";
import { batch, rowsOf, statement, stored } from "./db.ts";
import { decodeMessage, MESSAGE_COLUMNS, type MessageRow } from "./message.ts";

/** The delivery key of an element `r` of json_each(m.recipients). */
export const RECIPIENT_KEY = "coalesce(r.value ->> 'key', lower(r.value ->> 'address'))";

/** Which messages a list shows. Times are epoch milliseconds; absent filters are null. */
export type MessageFilter = {
  /** Only messages with an id below this one. */
  readonly before: string | null;
  readonly recipient: string | null;
  readonly tag: string | null;
  readonly state: DeliveryState | null;
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
  const ids =
    filter.recipient === null
      ? "select id from messages where ?3 is null and id < ?1 and id >= ?2 order by id desc"
      : `select message_id as id from deliveries
         where recipient = ?3 and message_id < ?1 and message_id >= ?2 order by message_id desc`;
  const deliveries = `from json_each(m.recipients) r
    join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = m.id`;
  const results = await batch(db, [
    statement(
      db,
      `select ${MESSAGE_COLUMNS}, (select json_group_object(state, n) from
         (select d.state, count(*) as n ${deliveries} group by d.state)) as states
       from (${ids} limit ${SCAN_ROWS}) scanned join messages m on m.id = scanned.id
       where (?4 is null or m.tags = ?4)
         and (?5 is null or exists (select 1 ${deliveries} where d.state = ?5))
         and not exists (select 1 from json_each(?6) f where not exists
           (select 1 from json_each(m.metadata) v where v.key = f.key and v.value = f.value))
       order by m.id desc limit ?7`,
      ...bounds,
      filter.tag,
      filter.state,
      JSON.stringify(filter.metadata),
      filter.limit,
    ),
    statement(
      db,
      `select min(id) as last, count(*) as passed from (${ids} limit ${SCAN_ROWS})`,
      ...bounds,
    ),
  ]);
  const found = rowsOf<MessageRow & { states: string }>(results[0]);
  const scan = rowsOf<{ last: string | null; passed: number }>(results[1])[0];
  const messages = found.map((row) => ({
    message: decodeMessage(row),
    states: stored<Record<string, number>>(row.states),
  }));
  if (messages.length === filter.limit)
    return { messages, next: messages.at(-1)?.message.id ?? null };
  return { messages, next: scan?.passed === SCAN_ROWS ? scan.last : null };
}

// SQL of recipients that a suppression stopped when a message was accepted, where the door tells of them:
// the message is stored even if nobody is left, and each of them is an entry of the event log.
import { addressKey } from "../model/address.ts";
import type { Message } from "../model/message.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { rows, statement } from "./db.ts";

/** What a recipient's entry in the log needs beside the message: its id, in the order of the recipients. */
export type StoppedIds = readonly string[];

/**
 * Logs the stopped recipients of a message, in the transaction that accepts it and before its deliveries:
 * these say, when it is repeated, that it is done. `keys` and `stopped` are those of message-accept.ts.
 */
export function logStopped(
  db: D1Database,
  message: Message,
  keys: string,
  about: { readonly ids: StoppedIds; readonly stopped: string },
): D1PreparedStatement {
  const base = {
    name: "stopped",
    at: message.createdAt,
    messageId: message.id,
    tags: message.tags,
    sendId: message.sendId,
    listId: message.listId,
    mailClass: message.mailClass,
  };
  return statement(
    db,
    `insert into event_log (position, events)
     select max(?4 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
       json_group_array(json_set(?5, '$.id', ?6 ->> r.key, '$.position', r.key,
         '$.email', ?7 ->> r.key))
     from json_each(?1) r
     where ${about.stopped} and exists (select 1 from messages where id = ?3)
       and not exists (select 1 from deliveries where recipient = r.value ->> 0 and message_id = ?3)
     group by 'one row'`,
    keys,
    JSON.stringify(scopesThatStop(message.mailClass)),
    message.id,
    message.createdAt,
    JSON.stringify(base),
    JSON.stringify(about.ids),
    JSON.stringify(message.recipients.map(({ address }) => address)),
  );
}

/** The positions of recipients that were stopped when the message was accepted, as a statement. */
export function selectStopped(
  db: D1Database,
  message: Pick<Message, "id" | "createdAt" | "recipients">,
): D1PreparedStatement {
  return statement(
    db,
    `select r.key as position from json_each(?1) r join deliveries d
       on d.recipient = r.value and d.message_id = ?2
     where d.suppressed_at = ?3 order by r.key`,
    JSON.stringify(message.recipients.map(({ address }) => addressKey(address))),
    message.id,
    message.createdAt,
  );
}

/** The same, of a message that was accepted before. */
export async function stoppedOf(
  db: D1Database,
  message: Pick<Message, "id" | "createdAt" | "recipients">,
): Promise<readonly number[]> {
  return (await rows<{ position: number }>(selectStopped(db, message))).map((row) => row.position);
}

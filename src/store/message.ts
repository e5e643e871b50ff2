// SQL of messages that are there: reading them. How they come in is in message-accept.ts.
import type { Message, Recipient } from "../model/message.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { rows, statement, stored } from "./db.ts";
import { columnsOf, isThere, itemNumber, itemPath, joinMessage, rowOf } from "./message-item.ts";

/** The columns of the message with this id (SQL), whose row is `m`, without its content. */
export function messageColumns(id: string): string {
  return `${id} as id, m.created_at, m.key_id, m.mail_class, m.from_address, m.from_name, m.subject,
    m.tags, m.send_id, m.list_id, m.metadata, m.recipients, m.on_ambiguous, m.size, m.content_key,
    m.send_at, m.size as row_size, m.items -> (${itemPath(id)}) as item,
    iif(m.items is null, null, ${itemNumber(id)}) as piece`;
}

/** A row of messageColumns. */
export type MessageRow = MessageFields & {
  id: string;
  created_at: number;
  key_id: string;
  recipients: string;
  content_key: string | null;
  row_size: number;
  /** What the message has of its own, if it is an item of a batch. */
  item: string | null;
  /** Its number there; null when the row is the message. */
  piece: number | null;
};

/** What an item of a batch may have of its own. */
type MessageFields = {
  mail_class: Message["mailClass"];
  from_address: string;
  from_name: string;
  subject: string;
  tags: string;
  send_id: string;
  list_id: string;
  metadata: string;
  on_ambiguous: Message["onAmbiguous"];
  size: number;
  send_at: number | null;
};

/** An item of a batch as it is stored: what differs from its row, and its recipients. */
export type Item = Partial<Omit<MessageFields, "metadata">> & {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly recipients: readonly Recipient[];
  /** Its place in the call, where that is not its number. */
  readonly index?: number;
};

/** A message as the product knows it. */
export function decodeMessage(found: MessageRow): Message {
  const item = found.item === null ? null : stored<Item>(found.item);
  const row = { ...found, ...item };
  return {
    id: row.id,
    createdAt: row.created_at,
    keyId: row.key_id,
    mailClass: row.mail_class,
    from: { address: row.from_address, name: row.from_name },
    subject: row.subject,
    tags: row.tags,
    sendId: row.send_id,
    listId: row.list_id,
    metadata: item?.metadata ?? stored<Record<string, string>>(found.metadata),
    recipients: item?.recipients ?? stored<Recipient[]>(found.recipients),
    onAmbiguous: row.on_ambiguous,
    size: row.size,
    sendAt: row.send_at,
  };
}

/** Joins a message `m` with its inline content `c`; the message id guards a rowid used before. */
export const JOIN_CONTENT = "left join contents c on c.id = m.content_id and c.message_id = m.id";

/** One message with where its content is, or null. */
export async function findMessage(
  db: D1Database,
  id: string,
): Promise<{ readonly message: Message; readonly content: StoredContent } | null> {
  const found = await rows<MessageRow & { head: string | null; parts: string | null }>(
    statement(
      db,
      `select ${messageColumns("?1")}, c.head, c.parts from messages m ${JOIN_CONTENT}
       where m.id = ${rowOf("?1")} and ${isThere("?1")}`,
      id,
    ),
  );
  const row = found[0];
  return row ? { message: decodeMessage(row), content: storedContent(row) } : null;
}

/** Who messages are from, and their subjects, by id; of those that are gone nothing. */
export async function lettersOf(
  db: D1Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Pick<Message, "from" | "subject">>> {
  const found = await rows<Pick<MessageRow, "id" | "from_address" | "from_name" | "subject">>(
    statement(
      db,
      `select a.value as id, ${columnsOf("a.value", ["from_address", "from_name", "subject"])}
       from json_each(?1) a ${joinMessage("a.value")} where ${isThere("a.value")}`,
      JSON.stringify(ids),
    ),
  );
  return new Map(
    found.map((row) => {
      const from = { address: row.from_address, name: row.from_name };
      return [row.id, { from, subject: row.subject }];
    }),
  );
}

/** Which of these R2 keys belong to a message. */
export async function knownContentKeys(
  db: D1Database,
  keys: readonly { readonly messageId: string; readonly key: string }[],
): Promise<ReadonlySet<string>> {
  const found = await rows<{ content_key: string }>(
    statement(
      db,
      `select content_key from messages
       where id in (select value from json_each(?1)) and content_key is not null`,
      JSON.stringify(keys.map(({ messageId }) => messageId)),
    ),
  );
  return new Set(found.map((row) => row.content_key));
}

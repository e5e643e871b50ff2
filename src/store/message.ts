// SQL of messages that are there: reading them. How they come in is in message-accept.ts.
import type { Message, Recipient } from "../model/message.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { rows, statement, stored } from "./db.ts";

/** The columns of a message, without its content. */
export const MESSAGE_COLUMNS = `m.id, m.created_at, m.key_id, m.mail_class, m.from_address,
  m.from_name, m.subject, m.tags, m.send_id, m.list_id, m.metadata, m.recipients, m.on_ambiguous,
  m.size, m.content_key, m.send_at`;

/** A row of MESSAGE_COLUMNS. */
export type MessageRow = {
  id: string;
  created_at: number;
  key_id: string;
  mail_class: Message["mailClass"];
  from_address: string;
  from_name: string;
  subject: string;
  tags: string;
  send_id: string;
  list_id: string;
  metadata: string;
  recipients: string;
  on_ambiguous: Message["onAmbiguous"];
  size: number;
  content_key: string | null;
  send_at: number | null;
};

/** A message as the product knows it. */
export function decodeMessage(row: MessageRow): Message {
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
    metadata: stored<Record<string, string>>(row.metadata),
    recipients: stored<Recipient[]>(row.recipients),
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
      `select ${MESSAGE_COLUMNS}, c.head, c.parts from messages m ${JOIN_CONTENT} where m.id = ?1`,
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
      `select id, from_address, from_name, subject from messages
       where id in (select value from json_each(?1))`,
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

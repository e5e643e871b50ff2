// SQL of accepting a message: one batch, one round trip, one transaction.
import { md5Hex } from "../lib/digest.ts";
import { addressKey } from "../model/address.ts";
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";
import { leavesAt, type Message, type Recipient } from "../model/message.ts";
import { shareOf } from "../model/share.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { inlineParts, type PackedContent } from "./content.ts";
import { BALANCE, chargedSql, chargeSql, paidSql } from "./credit.ts";
import { rows, rowsOf, statement } from "./db.ts";
import { type OwnerRow, storeCharged } from "./message-charge.ts";
import { logStopped, selectStopped, type StoppedIds } from "./message-stopped.ts";
import { stopped } from "./suppression.ts";

/** An idempotency key given by the sender, and the hash of the body it came with. */
export type Idempotency = { readonly key: string; readonly requestHash: string };

/** The message that an idempotency key belongs to, and the hash of the body it came with. */
export type Owner = { readonly messageId: string; readonly requestHash: string };

/** What accepting came to. */
export type AcceptResult =
  | {
      readonly kind: "accepted";
      /** Positions of recipients that a suppression stopped; told only where the door asked. */
      readonly stopped: readonly number[];
    }
  /** The idempotency key already belongs to a message. */
  | ({ readonly kind: "known" } & Owner)
  | { readonly kind: "all_suppressed" }
  /** Credits that it would take, and that there are. */
  | { readonly kind: "out_of_credits"; readonly needed: number; readonly balance: number };

/** Idempotency keys are kept this long (decision 3). */
export const IDEMPOTENCY_MS = 24 * 60 * 60 * 1000;

/**
 * Commits a message with one delivery per recipient, whose first state is decided by the suppressions,
 * or nothing: when every recipient is suppressed, the idempotency key is taken or there are too few
 * credits. Safe to repeat with the same message id. `contentKey` names the R2 object of content that is not inline.
 * With `tellStopped` a message is kept also when every recipient is suppressed, and the log tells of those who are.
 */
export async function acceptMessage(
  db: D1Database,
  message: Message,
  content: PackedContent & { readonly key: string | null },
  idempotency: Idempotency | null,
  tellStopped: StoppedIds | null = null,
): Promise<AcceptResult> {
  const keys = JSON.stringify(recipientKeys(message));
  const accepting = { message, keys, content, idempotency, tellStopped };
  const stored = await storeCharged(db, {
    id: message.id,
    storing: () => storing(db, accepting),
    charge: () => charge(db, accepting),
    lack: () => selectLack(db, message, keys),
  });
  if (stored.owners.length > 0) return resultOf(accepting, stored.owners, stored.beforeOwner);
  return stored.lack ? { kind: "out_of_credits", ...stored.lack } : { kind: "all_suppressed" };
}

type Accepting = {
  readonly message: Message;
  readonly keys: string;
  readonly content: PackedContent & { readonly key: string | null };
  readonly idempotency: Idempotency | null;
  readonly tellStopped: StoppedIds | null;
};

/** What stores a message, unless credits are counted and it was not charged; tells who owns it last. */
function storing(db: D1Database, accepting: Accepting): D1PreparedStatement[] {
  const { message, keys, content, idempotency, tellStopped: ids } = accepting;
  return [
    forgetOldKey(db, message, idempotency),
    insertMessage(db, accepting),
    insertContent(db, message.id, inlineColumns(content)),
    ...(ids ? [logStopped(db, message, keys, { ids, stopped: SUPPRESSED })] : []),
    insertDeliveries(db, message, keys),
    ...(ids ? [selectStopped(db, message)] : []),
    selectOwner(db, message, idempotency),
  ];
}

/** `beforeOwner` is what stands before the owner: who was stopped, where it was asked. */
function resultOf(
  { message, tellStopped }: Accepting,
  owners: readonly OwnerRow[],
  beforeOwner: D1Result | undefined,
): AcceptResult {
  const [owner] = owners;
  if (!owner || owners.some(({ id }) => id === message.id)) {
    const found = tellStopped ? rowsOf<{ position: number }>(beforeOwner) : [];
    return { kind: "accepted", stopped: found.map(({ position }) => position) };
  }
  return { kind: "known", messageId: owner.id, requestHash: owner.request_hash ?? "" };
}

/** Frees an idempotency key that is older than 24 h. */
export function forgetOldKey(
  db: D1Database,
  message: Pick<Message, "keyId" | "createdAt">,
  idempotency: Idempotency | null,
) {
  return statement(
    db,
    `update messages set idempotency_key = null
     where key_id = ?1 and idempotency_key = ?2 and created_at <= ?3`,
    message.keyId,
    idempotency?.key ?? null,
    message.createdAt - IDEMPOTENCY_MS,
  );
}

/** A recipient's key and the hex of its MD5; ?1 is an array of such pairs, ?2 the scopes. */
const KEY = "(r.value ->> 0)";
const MD5 = "(r.value ->> 1)";
export const SUPPRESSED = stopped({ address: KEY, md5Hex: MD5, scopes: "?2" });

const WILLING = `(select count(*) from json_each(?1) r where ${BALANCE} is not null
  and not ${SUPPRESSED})`;

/** Takes a credit for each recipient that is not suppressed, unless the message is there already. */
function charge(db: D1Database, { message, keys, idempotency }: Accepting): D1PreparedStatement {
  const taken = `exists (select 1 from messages
    where id = ?3 or (key_id = ?5 and idempotency_key = ?6))`;
  return statement(
    db,
    chargeSql({ messageId: "?3", now: "?4", count: WILLING, taken }),
    keys,
    JSON.stringify(scopesThatStop(message.mailClass)),
    message.id,
    message.createdAt,
    message.keyId,
    idempotency?.key ?? null,
  );
}

/** What is needed and there, when recipients are willing and the credits do not suffice. */
export function selectLack(
  db: D1Database,
  message: Pick<Message, "mailClass">,
  keys: string,
): D1PreparedStatement {
  return statement(
    db,
    `select ${WILLING} as needed, ${BALANCE} as balance where ${BALANCE} < ${WILLING}`,
    keys,
    JSON.stringify(scopesThatStop(message.mailClass)),
  );
}

function insertMessage(db: D1Database, accepting: Accepting) {
  const { message, content, idempotency } = accepting;
  return statement(
    db,
    `insert into messages (id, created_at, key_id, idempotency_key, request_hash, mail_class,
       from_address, from_name, subject, tags, send_id, list_id, metadata, recipients,
       on_ambiguous, size, content_id, content_key, credits, form, send_at)
     select ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
       case when ?19 is null then (select coalesce(max(id), 0) + 1 from contents) end, ?19,
       ${chargedSql("?3")}, ?20, ?22
     where iif(exists (select 1 from json_each(?1) r where not ${SUPPRESSED}), ${paidSql("?3")}, ?21)
     on conflict do nothing`,
    accepting.keys,
    JSON.stringify(scopesThatStop(message.mailClass)),
    message.id,
    message.createdAt,
    message.keyId,
    idempotency?.key ?? null,
    idempotency?.requestHash ?? null,
    message.mailClass,
    message.from.address,
    message.from.name,
    message.subject,
    message.tags,
    message.sendId,
    message.listId,
    JSON.stringify(message.metadata),
    JSON.stringify(message.recipients.map(withKey)),
    message.onAmbiguous,
    message.size,
    content.key,
    content.form,
    accepting.tellStopped ? 1 : 0,
    message.sendAt ?? null,
  );
}

/** Stores an inline content of a row that names one; `columns` are null when it is in R2. */
export function insertContent(
  db: D1Database,
  rowId: string,
  columns: { readonly head: string; readonly parts: string | null } | null,
) {
  return statement(
    db,
    `insert into contents (id, message_id, head, parts)
     select content_id, id, ?2, ?3 from messages where id = ?1 and content_id is not null
     on conflict do nothing`,
    rowId,
    columns?.head ?? "",
    columns?.parts ?? null,
  );
}

function inlineColumns(content: PackedContent) {
  return content.inline ? { head: content.head, parts: inlineParts(content) } : null;
}

function insertDeliveries(db: D1Database, message: Message, keys: string) {
  return statement(
    db,
    `insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at, md5,
       suppressed_at, share)
     select recipient, ?3, position, ?4, iif(stopped, 'suppressed', 'queued'),
       iif(stopped, null, ?7), ?6, unhex(md5), iif(stopped, ?5, null), ?8
     from (select ${KEY} as recipient, ${MD5} as md5, r.key as position, ${SUPPRESSED} as stopped
       from json_each(?1) r)
     where exists (select 1 from messages where id = ?3)
     on conflict do nothing`,
    keys,
    JSON.stringify(scopesThatStop(message.mailClass)),
    message.id,
    message.mailClass,
    message.createdAt,
    leavesAt(message) + QUEUE_LIFETIME_MS,
    leavesAt(message),
    shareOf(message),
  );
}

/** The message with this id, or the one that owns the idempotency key. */
export function selectOwner(
  db: D1Database,
  message: Pick<Message, "id" | "keyId">,
  idempotency: Idempotency | null,
) {
  return statement(
    db,
    `select id, request_hash from messages
     where id = ?1 or (key_id = ?2 and idempotency_key = ?3)`,
    message.id,
    message.keyId,
    idempotency?.key ?? null,
  );
}

/** The message that a key's idempotency key belongs to now, or null. */
export async function findOwner(
  db: D1Database,
  { keyId, key, now }: { readonly keyId: string; readonly key: string; readonly now: number },
): Promise<Owner | null> {
  const found = await rows<{ id: string; request_hash: string | null }>(
    statement(
      db,
      `select id, request_hash from messages
       where key_id = ?1 and idempotency_key = ?2 and created_at > ?3`,
      keyId,
      key,
      now - IDEMPOTENCY_MS,
    ),
  );
  return found[0] ? { messageId: found[0].id, requestHash: found[0].request_hash ?? "" } : null;
}

/** What the parameter ?1 is made of. */
export function recipientKeys(
  message: Pick<Message, "recipients">,
): readonly (readonly [string, string])[] {
  return message.recipients.map(({ address }) => {
    const key = addressKey(address);
    return [key, md5Hex(key)];
  });
}

/** A recipient as it is stored, with its delivery's key where SQL's lower() would not give it. */
export function withKey(recipient: Recipient): Recipient & { readonly key?: string } {
  const key = addressKey(recipient.address);
  const asciiLower = recipient.address.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return key === asciiLower ? recipient : { ...recipient, key };
}

// SQL of accepting a batch: one row for all of its messages (message-item.ts), one transaction. All of it is
// there afterwards, or nothing.
import { md5Hex } from "../lib/digest.ts";
import { addressKey } from "../model/address.ts";
import type { ContentForm } from "../model/content.ts";
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";
import { leavesAt, MAIL_CLASSES, type Message } from "../model/message.ts";
import { shareOf } from "../model/share.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { inlineItems, type PackedItems } from "./content-items.ts";
import { BALANCE, chargedSql, chargeSql, paidSql } from "./credit.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import type { Item } from "./message.ts";
import {
  forgetOldKey,
  type Idempotency,
  insertContent,
  type Owner,
  selectOwner,
  withKey,
} from "./message-accept.ts";
import { type OwnerRow, storeCharged } from "./message-charge.ts";
import { ITEMS } from "./message-item.ts";
import { stopped } from "./suppression.ts";

/** One message of a batch. */
export type BatchMessage = {
  readonly message: Message;
  readonly form: ContentForm;
  /** Its place in the call. */
  readonly index: number;
};

/** What a call is stored as. */
export type Batch = {
  /** The id of the first message. */
  readonly rowId: string;
  readonly messages: readonly BatchMessage[];
  readonly content: PackedItems & { readonly key: string | null };
  readonly idempotency: Idempotency | null;
  /** recipientTuples of the messages. */
  readonly keys: string;
  /** storedItems of the messages. */
  readonly items: string;
};

/** What accepting a batch came to. */
export type BatchResult =
  | { readonly kind: "accepted" }
  | ({ readonly kind: "known" } & Owner)
  | { readonly kind: "out_of_credits"; readonly needed: number; readonly balance: number };

/**
 * The recipients of messages as the parameter ?1, JSON: key, MD5, mail class, number of the message, position,
 * when it leaves, share.
 */
export function recipientTuples(messages: readonly Omit<Message, "id" | "size">[]): string {
  const tuples = messages.flatMap((message, n) =>
    message.recipients.map(({ address }, position) => {
      const key = addressKey(address);
      const { mailClass } = message;
      return [key, md5Hex(key), mailClass, n, position, leavesAt(message), shareOf(message)];
    }),
  );
  return JSON.stringify(tuples);
}

/** The scopes that stop mail of each class, as the parameter ?2. */
const SCOPES = JSON.stringify(
  Object.fromEntries(MAIL_CLASSES.map((mailClass) => [mailClass, scopesThatStop(mailClass)])),
);

const SUPPRESSED = stopped({
  address: "(r.value ->> 0)",
  md5Hex: "(r.value ->> 1)",
  scopes: "(?2 -> (r.value ->> 2))",
});

const WILLING = `(select count(*) from json_each(?1) r where ${BALANCE} is not null
  and not ${SUPPRESSED})`;

/**
 * The messages of which every recipient is suppressed, by their numbers, and who owns the idempotency key of
 * the last 24 hours (`since`).
 */
export async function rehearseBatch(
  db: D1Database,
  ask: {
    readonly keys: string;
    readonly keyId: string;
    readonly idempotencyKey: string | null;
    readonly since: number;
  },
): Promise<{ readonly suppressed: ReadonlySet<number>; readonly owner: Owner | null }> {
  const results = await batch(db, [
    statement(
      db,
      `select r.value ->> 3 as n from json_each(?1) r group by n having min(${SUPPRESSED}) = 1`,
      ask.keys,
      SCOPES,
    ),
    statement(
      db,
      `select id, request_hash from messages
       where key_id = ?1 and idempotency_key = ?2 and created_at > ?3`,
      ask.keyId,
      ask.idempotencyKey,
      ask.since,
    ),
  ]);
  const [owner] = rowsOf<OwnerRow>(results[1]);
  return {
    suppressed: new Set(rowsOf<{ n: number }>(results[0]).map(({ n }) => n)),
    owner: owner ? { messageId: owner.id, requestHash: owner.request_hash ?? "" } : null,
  };
}

/** The places in its call of the messages of a row, by their numbers. */
export async function placesInCall(db: D1Database, rowId: string): Promise<readonly number[]> {
  const found = await rows<{ place: number }>(
    statement(
      db,
      `select coalesce(i.value ->> 'index', i.key) as place
       from messages m join ${ITEMS} where m.id = ?1 order by i.key`,
      rowId,
    ),
  );
  return found.map(({ place }) => place);
}

/**
 * Commits a batch with one delivery per recipient, whose first state is decided by the suppressions, or
 * nothing: when the idempotency key is taken or there are too few credits. Safe to repeat.
 */
export async function acceptBatch(db: D1Database, sent: Batch): Promise<BatchResult> {
  const { rowId, content, idempotency } = sent;
  const [first] = sent.messages;
  if (!first) throw new Error("a batch without messages");
  const { message } = first;
  const row = { ...message, id: rowId };
  const stored = await storeCharged(db, {
    id: rowId,
    storing: () => [
      forgetOldKey(db, row, idempotency),
      insertRow(db, sent, message),
      insertContent(db, rowId, content.inline ? inlineItems(content) : null),
      insertDeliveries(db, sent, message.createdAt),
      selectOwner(db, row, idempotency),
    ],
    charge: () => charge(db, sent, message),
    lack: () =>
      statement(
        db,
        `select ${WILLING} as needed, ${BALANCE} as balance where ${BALANCE} < ${WILLING}`,
        sent.keys,
        SCOPES,
      ),
  });
  const [owner] = stored.owners;
  if (stored.owners.some(({ id }) => id === rowId)) return { kind: "accepted" };
  if (owner) return { kind: "known", messageId: owner.id, requestHash: owner.request_hash ?? "" };
  if (stored.lack) return { kind: "out_of_credits", ...stored.lack };
  throw new Error("a batch was stored and is not there");
}

/** Takes a credit for each recipient that is not suppressed, unless the batch is there already. */
function charge(db: D1Database, sent: Batch, { createdAt, keyId }: Message): D1PreparedStatement {
  const taken = `exists (select 1 from messages
    where id = ?3 or (key_id = ?5 and idempotency_key = ?6))`;
  return statement(
    db,
    chargeSql({ messageId: "?3", now: "?4", count: WILLING, taken }),
    sent.keys,
    SCOPES,
    sent.rowId,
    createdAt,
    keyId,
    sent.idempotency?.key ?? null,
  );
}

/** The row: its columns are the first message's, and the items hold what differs. */
function insertRow(db: D1Database, sent: Batch, first: Message): D1PreparedStatement {
  const { rowId, content, idempotency, messages } = sent;
  return statement(
    db,
    `insert into messages (id, created_at, key_id, idempotency_key, request_hash, mail_class,
       from_address, from_name, subject, tags, send_id, list_id, metadata, recipients,
       on_ambiguous, size, content_id, content_key, credits, form, items, recipient_count)
     select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '[]', ?14, ?15,
       case when ?16 is null then (select coalesce(max(id), 0) + 1 from contents) end, ?16,
       ${chargedSql("?1")}, ?17, ?18, ?19
     where ${paidSql("?1")}
     on conflict do nothing`,
    rowId,
    first.createdAt,
    first.keyId,
    idempotency?.key ?? null,
    idempotency?.requestHash ?? null,
    first.mailClass,
    first.from.address,
    first.from.name,
    first.subject,
    first.tags,
    first.sendId,
    first.listId,
    JSON.stringify(first.metadata),
    first.onAmbiguous,
    content.size,
    content.key,
    messages[0]?.form ?? null,
    sent.items,
    messages.reduce((sum, { message }) => sum + message.recipients.length, 0),
  );
}

/** The items of a row whose columns are those of the first message, JSON. */
export function storedItems(messages: readonly BatchMessage[]): string {
  return JSON.stringify(itemsOf(messages));
}

function itemsOf(messages: readonly BatchMessage[]): readonly Item[] {
  const columns = messages.map(columnsOf);
  const row = columns[0] ?? {};
  return messages.map(({ message, index }, n) => {
    const differing = Object.entries(columns[n] ?? {}).filter(
      ([name, value]) => !isSame(value, Object(row)[name]),
    );
    return {
      ...Object.fromEntries(n === 0 ? [] : differing),
      size: message.size,
      ...(message.sendAt == null ? {} : { send_at: message.sendAt }),
      ...(index === n ? {} : { index }),
      recipients: message.recipients.map(withKey),
    };
  });
}

/** Whether two columns hold the same; most are texts. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}

function columnsOf({ message, form }: BatchMessage) {
  return {
    mail_class: message.mailClass,
    from_address: message.from.address,
    from_name: message.from.name,
    subject: message.subject,
    tags: message.tags,
    send_id: message.sendId,
    list_id: message.listId,
    metadata: message.metadata,
    on_ambiguous: message.onAmbiguous,
    form,
  };
}

function insertDeliveries(db: D1Database, sent: Batch, now: number): D1PreparedStatement {
  return statement(
    db,
    `insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at, md5,
       suppressed_at, share)
     select recipient, substr(?3, 1, 33) || printf('%03d', n), position, lane,
       iif(stopped, 'suppressed', 'queued'), iif(stopped, null, due_at),
       due_at + ${QUEUE_LIFETIME_MS}, unhex(md5), iif(stopped, ?4, null), share
     from (select r.value ->> 0 as recipient, r.value ->> 1 as md5, r.value ->> 2 as lane,
         r.value ->> 3 as n, r.value ->> 4 as position, r.value ->> 5 as due_at,
         r.value ->> 6 as share, ${SUPPRESSED} as stopped
       from json_each(?1) r)
     where exists (select 1 from messages where id = ?3)
     on conflict do nothing`,
    sent.keys,
    SCOPES,
    sent.rowId,
    now,
  );
}

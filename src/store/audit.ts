// SQL of the audit log: entries are added at its end and never changed.
import { type AuditEntry, chained, type ChainedEntry } from "../model/audit.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

type Row = {
  position: number;
  at: number;
  kind: AuditEntry["kind"];
  key_id: string | null;
  ip: string;
  operation: string;
  target: string;
  body_hash: string;
  request_id: string;
  detail: string;
  previous: string;
  hash: string;
};

const COLUMNS = `position, at, kind, key_id, ip, operation, target, body_hash, request_id, detail,
  previous, hash`;

/** Of so many that add an entry at the same time one is first each time; more are an incident. */
const MAX_TRIES = 100;

/**
 * Adds an entry at the end of the chain: two round trips, and one more for each that others came before. Throws
 * when D1 does not answer.
 */
export async function appendAudit(db: D1Database, entry: AuditEntry): Promise<void> {
  let [last] = await listAudit(db, { before: null, limit: 1 });
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const [inserted, newest] = await batch(db, [
      insertion(db, await chained(entry, last ?? null)),
      statement(db, `select ${COLUMNS} from audit_log order by position desc limit 1`),
    ]);
    if (rowsOf(inserted).length > 0) return;
    last = rowsOf<Row>(newest).map(decode)[0];
  }
  throw new Error("the audit log could not be written: others always came first");
}

function insertion(db: D1Database, entry: ChainedEntry): D1PreparedStatement {
  return statement(
    db,
    `insert into audit_log (${COLUMNS})
     select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
     where coalesce((select max(position) from audit_log), 0) = ?1 - 1
     on conflict do nothing returning position`,
    entry.position,
    entry.at,
    entry.kind,
    entry.keyId,
    entry.ip,
    entry.operation,
    entry.target,
    entry.bodyHash,
    entry.requestId,
    entry.detail,
    entry.previous,
    entry.hash,
  );
}

/** Entries before a position (null: the newest ones), newest first. */
export async function listAudit(
  db: D1Database,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly ChainedEntry[]> {
  const sql = `select ${COLUMNS} from audit_log where ?1 is null or position < ?1
    order by position desc limit ?2`;
  return (await rows<Row>(statement(db, sql, page.before, page.limit))).map(decode);
}

/** Which entries are asked for; null asks for all. */
export type AuditFilter = {
  readonly keyId: string | null;
  readonly kind: AuditEntry["kind"] | null;
  /** First word of an operation's path, such as `users`. */
  readonly resource: string | null;
};

/** Entries that a page looks at: no filter has an index, and a log may be long. */
const LOOKED_AT = 5_000;

/**
 * Entries before a position that fit, newest first, and the position before which to look on; null when all were
 * looked at.
 */
export async function searchAudit(
  db: D1Database,
  { keyId, kind, resource }: AuditFilter,
  { before, limit }: { readonly before: number | null; readonly limit: number },
): Promise<{ readonly entries: readonly ChainedEntry[]; readonly next: number | null }> {
  const top = "(select coalesce(?1, max(position) + 1, 1) from audit_log)";
  const [newest, found] = await batch(db, [
    statement(db, `select ${top} as top`, before),
    statement(
      db,
      `select ${COLUMNS} from audit_log
       where position < ${top} and position >= ${top} - ?2
         and (?3 is null or key_id = ?3) and (?4 is null or kind = ?4)
         and (?5 is null or instr(operation || '/', ' /' || ?5 || '/') > 0)
       order by position desc limit ?6`,
      before,
      LOOKED_AT,
      keyId,
      kind,
      resource,
      limit + 1,
    ),
  ]);
  const all = rowsOf<Row>(found).map(decode);
  const entries = all.slice(0, limit);
  const last = (rowsOf<{ top: number }>(newest)[0]?.top ?? 1) - LOOKED_AT;
  if (all.length > limit) return { entries, next: entries.at(-1)?.position ?? null };
  return { entries, next: last > 1 ? last : null };
}

/** Entries after a position, oldest first: what a check of the chain walks. */
export async function auditAfter(
  db: D1Database,
  after: number,
  limit: number,
): Promise<readonly ChainedEntry[]> {
  const sql = `select ${COLUMNS} from audit_log where position > ?1 order by position limit ?2`;
  return (await rows<Row>(statement(db, sql, after, limit))).map(decode);
}

function decode(row: Row): ChainedEntry {
  return {
    position: row.position,
    at: row.at,
    kind: row.kind,
    keyId: row.key_id,
    ip: row.ip,
    operation: row.operation,
    target: row.target,
    bodyHash: row.body_hash,
    requestId: row.request_id,
    detail: row.detail,
    previous: row.previous,
    hash: row.hash,
  };
}

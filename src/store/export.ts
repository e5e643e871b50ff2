// SQL of exports: order, list, cancel, what is to be removed. What whoever works on one keeps is in
// export-lease.ts, the files are in export-file.ts.
import {
  CLASSED_KINDS,
  type Export,
  EXPORT_KINDS,
  type ExportFilters,
  type ExportKind,
  type ExportOrder,
  type ExportState,
  MAX_LIVING_EXPORTS,
} from "../model/export.ts";
import type { MailClass } from "../model/message.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { uuidv7Bound } from "../lib/id.ts";
import { positionAt } from "./event.ts";

/** The columns that make an Export. */
export const EXPORT_COLUMNS = `id, key_id, kind, format, filters, range_from, range_to, log_end,
  oldest, state, after, row_count, bytes, object_key, error, created_at, finished_at, expires_at`;

/** A row of EXPORT_COLUMNS. */
export type ExportRow = {
  id: string;
  key_id: string;
  kind: Export["kind"];
  format: Export["format"];
  filters: string;
  range_from: number;
  range_to: number;
  log_end: number;
  oldest: number | null;
  state: ExportState;
  after: string | null;
  row_count: number;
  bytes: number;
  object_key: string | null;
  error: string | null;
  created_at: number;
  finished_at: number | null;
  expires_at: number;
};

/** An export as the product knows it. */
export function decodeExport(row: ExportRow): Export {
  return {
    id: row.id,
    keyId: row.key_id,
    kind: row.kind,
    format: row.format,
    filters: stored<ExportFilters>(row.filters),
    from: row.range_from,
    to: row.range_to,
    logEnd: row.log_end,
    oldest: row.oldest,
    state: row.state,
    cursor: row.after,
    rows: row.row_count,
    bytes: row.bytes,
    objectKey: row.object_key,
    error: row.error,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
  };
}

/** States that take one of the places of living exports. */
const LIVING = "('queued', 'running', 'closing', 'done')";

/**
 * Orders an export; null when as many are living as may be. What it holds ends with what is committed
 * now. Safe to repeat with the same id.
 */
export async function insertExport(
  db: D1Database,
  order: ExportOrder,
  expiresAt: number,
): Promise<Export | null> {
  const results = await batch(db, [
    statement(
      db,
      `insert into exports (id, key_id, kind, format, filters, range_from, range_to, log_end, oldest,
         state, created_at, expires_at)
       select ?1, ?2, ?3, ?4, ?5, ?6, ?7,
         iif(?3 = 'contacts', coalesce((select max(id) from contacts), 0),
           min(coalesce((select max(position) from event_log), 0), ?8)),
         case ?3
           when 'events' then (select min(position) / 1000 from event_log where position >= ?9)
           when 'messages' then
             (select created_at from messages where id >= ?10 order by id limit 1)
           when 'statistics' then iif(?5 ->> 'interval' = 'day',
             (select min(at) from stats_days where at >= ?6),
             (select min(at) from stats_hours where at >= ?6))
         end, 'queued', ?11, ?12
       where (select count(*) from exports where state in ${LIVING} and id <> ?1) < ?13
       on conflict do nothing`,
      order.id,
      order.keyId,
      order.kind,
      order.format,
      JSON.stringify(order.filters),
      order.from,
      order.to,
      order.untilNow ? Number.MAX_SAFE_INTEGER : positionAt(order.to + 1) - 1,
      positionAt(order.from),
      uuidv7Bound(order.from),
      order.createdAt,
      expiresAt,
      MAX_LIVING_EXPORTS,
    ),
    statement(db, `select ${EXPORT_COLUMNS} from exports where id = ?1`, order.id),
  ]);
  const row = rowsOf<ExportRow>(results[1])[0];
  return row ? decodeExport(row) : null;
}

/** What somebody may see: exports of these kinds; of a mail class they are bound to, those that hold no other. */
export type ExportSight = {
  readonly kinds: readonly ExportKind[];
  readonly mailClass: MailClass | null;
};

/** What Edgepost itself sees, and whoever has the link of a file. */
const EVERYTHING: ExportSight = { kinds: EXPORT_KINDS, mailClass: null };

/** That ?4 and ?5, a sight, let an export be seen. */
const SEEN = `kind in (select value from json_each(?4)) and (?5 is null
  or kind not in (${CLASSED_KINDS.map((kind) => `'${kind}'`).join(", ")})
  or filters ->> '$.mailClass' = ?5)`;

/** One export that may be seen, was not cancelled and has not expired, or null. */
export async function findExport(
  db: D1Database,
  id: string,
  now: number,
  sight: ExportSight = EVERYTHING,
): Promise<Export | null> {
  const found = await rows<ExportRow>(
    statement(
      db,
      `select ${EXPORT_COLUMNS} from exports
       where id = ?1 and state <> 'cancelled' and expires_at > ?2 and ${SEEN} limit ?3`,
      id,
      now,
      1,
      JSON.stringify(sight.kinds),
      sight.mailClass,
    ),
  );
  return found[0] ? decodeExport(found[0]) : null;
}

/** A page of those, newest first; `before` is the id that ended the page before, or null. */
export async function listExports(
  db: D1Database,
  page: { readonly before: string | null; readonly limit: number; readonly now: number },
  sight: ExportSight,
): Promise<{ readonly exports: readonly Export[]; readonly next: string | null }> {
  const found = await rows<ExportRow>(
    statement(
      db,
      `select ${EXPORT_COLUMNS} from exports
       where (?1 is null or id < ?1) and state <> 'cancelled' and expires_at > ?2 and ${SEEN}
       order by id desc limit ?3`,
      page.before,
      page.now,
      page.limit + 1,
      JSON.stringify(sight.kinds),
      sight.mailClass,
    ),
  );
  const exports = found.slice(0, page.limit).map(decodeExport);
  return { exports, next: found.length > page.limit ? (exports.at(-1)?.id ?? null) : null };
}

/** Forgets where an export stands, which may be an address, and takes it from whoever works on it. */
const STOP = "after = null, lease_id = null, lease_until = 0";

/** Cancels an export: nobody goes on with it, and it is to be removed. False when there is none. */
export async function cancelExport(db: D1Database, id: string, now: number): Promise<boolean> {
  const changed = await rows<{ id: string }>(
    statement(
      db,
      `update exports set state = 'cancelled', ${STOP}
       where id = ?1 and state <> 'cancelled' and expires_at > ?2 returning id`,
      id,
      now,
    ),
  );
  return changed.length > 0;
}

/** The statement that cancels what is being made of a list's contacts; a finished file stays. */
export function cancelExportsOf(db: D1Database, listId: number): D1PreparedStatement {
  return statement(
    db,
    `update exports set state = 'cancelled', ${STOP}
     where kind = 'contacts' and filters ->> '$.list.id' = ?1
       and state in ('queued', 'running', 'closing')`,
    listId,
  );
}

/** Fails every export that is being made or can be fetched; answers how many. */
export async function failExports(
  db: D1Database,
  failure: { readonly error: string; readonly now: number; readonly expiresAt: number },
): Promise<number> {
  const failed = await rows<{ id: string }>(
    statement(
      db,
      `update exports set state = 'failed', error = ?1, finished_at = ?2, expires_at = ?3, ${STOP}
       where state in ${LIVING} returning id`,
      failure.error,
      failure.now,
      failure.expiresAt,
    ),
  );
  return failed.length;
}

/** An export whose files have to go. */
export type Leftover = {
  readonly id: string;
  readonly upload: { readonly key: string; readonly id: string } | null;
};

/** Exports looked at in one go: more than are living. */
const LEFTOVERS = 100;

/** Exports that were cancelled, have expired, or failed and still have files. */
export async function leftoverExports(db: D1Database, now: number): Promise<readonly Leftover[]> {
  const found = await rows<{ id: string; object_key: string | null; upload_id: string | null }>(
    statement(
      db,
      `select id, object_key, upload_id from exports
       where state = 'cancelled' or expires_at <= ?1 or (state = 'failed'
         and (object_key is not null or upload_id is not null or rest_key is not null))
       limit ?2`,
      now,
      LEFTOVERS,
    ),
  );
  return found.map(({ id, object_key: key, upload_id: upload }) => ({
    id,
    upload: key !== null && upload !== null ? { key, id: upload } : null,
  }));
}

/** Once the files of an export are gone: its row too, unless it failed and people may still look. */
export async function dropLeftover(db: D1Database, id: string, now: number): Promise<void> {
  await batch(db, [
    statement(
      db,
      "delete from exports where id = ?1 and (state = 'cancelled' or expires_at <= ?2)",
      id,
      now,
    ),
    statement(
      db,
      `update exports set object_key = null, upload_id = null, rest_key = null, parts = '[]'
       where id = ?1 and state = 'failed'`,
      id,
    ),
  ]);
}

/** Which of these exports may have files: null for any while it is being made, the one file when done. */
export async function ownersOfFiles(
  db: D1Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const found = await rows<{ id: string; object_key: string | null }>(
    statement(
      db,
      `select id, case state when 'done' then object_key end as object_key from exports
       where id in (select value from json_each(?1)) and state in ${LIVING}`,
      JSON.stringify(ids),
    ),
  );
  return new Map(found.map(({ id, object_key: key }) => [id, key]));
}

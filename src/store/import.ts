// SQL of imports: upload, start, list, cancel, what is to be removed. What whoever works on one keeps is in
// import-lease.ts, the files are in import-file.ts.
import {
  type Import,
  type ImportError,
  type ImportPlace,
  type ImportSettings,
  type ImportState,
  MAX_LIVING_IMPORTS,
} from "../model/import.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";

/** The columns that make an Import. */
export const IMPORT_COLUMNS = `id, key_id, state, object_key, bytes, header, start_offset, start_line,
  list_id, settings, place, line, row_count, added, existing, refused, errors, error, created_at,
  finished_at, expires_at`;

/** A row of IMPORT_COLUMNS. */
export type ImportRow = {
  id: string;
  key_id: string;
  state: ImportState;
  object_key: string | null;
  bytes: number;
  header: string;
  start_offset: number;
  start_line: number;
  list_id: number | null;
  settings: string | null;
  place: number;
  line: number;
  row_count: number;
  added: number;
  existing: number;
  refused: number;
  errors: string;
  error: string | null;
  created_at: number;
  finished_at: number | null;
  expires_at: number;
};

/** `imports.settings`: all of ImportSettings that is no column of its own. */
type StoredSettings = Omit<ImportSettings, "listId">;

/** An import as the product knows it. */
export function decodeImport(row: ImportRow): Import {
  const settings = row.settings === null ? null : stored<StoredSettings>(row.settings);
  return {
    id: row.id,
    keyId: row.key_id,
    state: row.state,
    objectKey: row.object_key,
    bytes: row.bytes,
    header: stored<string[]>(row.header),
    start: { offset: row.start_offset, line: row.start_line },
    settings: settings && row.list_id !== null ? { ...settings, listId: row.list_id } : null,
    place: { offset: row.place, line: row.line },
    counts: {
      rows: row.row_count,
      added: row.added,
      existing: row.existing,
      refused: row.refused,
    },
    errors: stored<ImportError[]>(row.errors),
    error: row.error,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
  };
}

/** A file that was uploaded. */
export type NewImport = {
  readonly id: string;
  readonly keyId: string;
  readonly objectKey: string;
  readonly bytes: number;
  readonly header: readonly string[];
  readonly start: ImportPlace;
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** Keeps an upload; null when as many are living as may be. Safe to repeat with the same id. */
export async function insertImport(db: D1Database, given: NewImport): Promise<Import | null> {
  const results = await batch(db, [
    statement(
      db,
      `insert into imports (id, key_id, state, object_key, bytes, header, start_offset, start_line,
         place, line, created_at, expires_at)
       select ?1, ?2, 'uploaded', ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?8, ?9
       where (select count(*) from imports where state <> 'cancelled' and expires_at > ?8 and id <> ?1) < ?10
       on conflict do nothing`,
      given.id,
      given.keyId,
      given.objectKey,
      given.bytes,
      JSON.stringify(given.header),
      given.start.offset,
      given.start.line,
      given.createdAt,
      given.expiresAt,
      MAX_LIVING_IMPORTS,
    ),
    statement(db, `select ${IMPORT_COLUMNS} from imports where id = ?1`, given.id),
  ]);
  const row = rowsOf<ImportRow>(results[1])[0];
  return row ? decodeImport(row) : null;
}

/**
 * Lets an import begin from its first row: `checking` writes nothing. Null when it is under way, over or
 * gone; an import that began the same way already is answered again.
 */
export async function startImport(
  db: D1Database,
  id: string,
  start: {
    readonly state: "checking" | "importing";
    readonly settings: ImportSettings;
    readonly now: number;
  },
): Promise<Import | null> {
  const { listId, ...settings } = start.settings;
  const results = await batch(db, [
    statement(
      db,
      `delete from import_errors where import_id = ?1
         and (select state from imports where id = ?1) = 'checked'`,
      id,
    ),
    statement(
      db,
      `update imports set state = ?2, list_id = ?3, settings = ?4, place = start_offset, line = start_line,
         row_count = 0, added = 0, existing = 0, refused = 0, errors = '[]', lease_until = 0, tries = 0
       where id = ?1 and expires_at > ?5 and (state in ('uploaded', 'checked')
         or (state = ?2 and list_id = ?3 and settings = ?4 and place = start_offset))
       returning ${IMPORT_COLUMNS}`,
      id,
      start.state,
      listId,
      JSON.stringify(settings),
      start.now,
    ),
  ]);
  const row = rowsOf<ImportRow>(results[1])[0];
  return row ? decodeImport(row) : null;
}

/** One import that was not cancelled and has not expired, or null. */
export async function findImport(db: D1Database, id: string, now: number): Promise<Import | null> {
  const found = await rows<ImportRow>(
    statement(
      db,
      `select ${IMPORT_COLUMNS} from imports
       where id = ?1 and state <> 'cancelled' and expires_at > ?2`,
      id,
      now,
    ),
  );
  return found[0] ? decodeImport(found[0]) : null;
}

/** A page of those, newest first; `before` is the id that ended the page before, or null. */
export async function listImports(
  db: D1Database,
  page: { readonly before: string | null; readonly limit: number; readonly now: number },
): Promise<{ readonly imports: readonly Import[]; readonly next: string | null }> {
  const found = await rows<ImportRow>(
    statement(
      db,
      `select ${IMPORT_COLUMNS} from imports
       where (?1 is null or id < ?1) and state <> 'cancelled' and expires_at > ?2
       order by id desc limit ?3`,
      page.before,
      page.now,
      page.limit + 1,
    ),
  );
  const imports = found.slice(0, page.limit).map(decodeImport);
  return { imports, next: found.length > page.limit ? (imports.at(-1)?.id ?? null) : null };
}

/** Cancels an import: nobody goes on with it, and its file is to be removed. False when there is none. */
export async function cancelImport(db: D1Database, id: string, now: number): Promise<boolean> {
  const changed = await rows<{ id: string }>(
    statement(
      db,
      `update imports set state = 'cancelled', lease_id = null
       where id = ?1 and state <> 'cancelled' and expires_at > ?2 returning id`,
      id,
      now,
    ),
  );
  return changed.length > 0;
}

/** Ends every import that reads or waits; answers how many. */
export async function failImports(
  db: D1Database,
  failure: { readonly error: string; readonly now: number },
): Promise<number> {
  const failed = await rows<{ id: string }>(
    statement(
      db,
      `update imports set state = 'failed', error = ?1, finished_at = ?2, lease_id = null
       where object_key is not null and state in ('uploaded', 'checking', 'checked', 'importing')
       returning id`,
      failure.error,
      failure.now,
    ),
  );
  return failed.length;
}

/** Refused rows, in the order of the file, after a place; `next` is null at the end. */
export async function readErrors(
  db: D1Database,
  id: string,
  after: number,
): Promise<{ readonly errors: readonly ImportError[]; readonly next: number | null }> {
  const found = await rows<{ place: number; errors: string }>(
    statement(
      db,
      `select place, errors from import_errors where import_id = ?1 and place > ?2
       order by place limit 1`,
      id,
      after,
    ),
  );
  const row = found[0];
  return row
    ? { errors: stored<ImportError[]>(row.errors), next: row.place }
    : { errors: [], next: null };
}

/** An import whose file has to go. */
export type LeftImport = { readonly id: string; readonly objectKey: string | null };

/** Imports looked at in one go: more than are living. */
const LEFTOVERS = 100;

/** Imports that were cancelled or have expired, and those that are over and still have a file. */
export async function leftoverImports(db: D1Database, now: number): Promise<readonly LeftImport[]> {
  const found = await rows<{ id: string; object_key: string | null }>(
    statement(
      db,
      `select id, object_key from imports
       where state = 'cancelled' or expires_at <= ?1
         or (object_key is not null and state in ('done', 'failed')) limit ?2`,
      now,
      LEFTOVERS,
    ),
  );
  return found.map(({ id, object_key: objectKey }) => ({ id, objectKey }));
}

/** Once the file of an import is gone: its rows too, unless people may still look at it. */
export async function dropLeftImport(db: D1Database, id: string, now: number): Promise<void> {
  const over = "(state = 'cancelled' or expires_at <= ?2)";
  await batch(db, [
    statement(
      db,
      `delete from import_errors where import_id = ?1
         and exists (select 1 from imports where id = ?1 and ${over})`,
      id,
      now,
    ),
    statement(db, `delete from imports where id = ?1 and ${over}`, id, now),
    statement(
      db,
      "update imports set object_key = null where id = ?1 and state in ('done', 'failed')",
      id,
    ),
  ]);
}

/** Which of these imports there are, with the file of each. */
export async function ownersOfImports(
  db: D1Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const found = await rows<{ id: string; object_key: string | null }>(
    statement(
      db,
      `select id, object_key from imports where id in (select value from json_each(?1))`,
      JSON.stringify(ids),
    ),
  );
  return new Map(found.map(({ id, object_key: key }) => [id, key]));
}

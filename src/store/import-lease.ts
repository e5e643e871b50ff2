// SQL of working on an import: whoever holds its lease may keep how far it came. What is kept without the
// lease, or was kept already, changes nothing, so two at once do what one does.
import type { ContactWrite, Values } from "../model/contact.ts";
import {
  FIRST_ERRORS,
  type Import,
  type ImportError,
  type ImportPlace,
  type ImportSettings,
  MAX_ERRORS,
} from "../model/import.ts";
import { EXISTING, writeContacts } from "./contact-write.ts";
import { batch, rows, statement } from "./db.ts";
import { decodeImport, IMPORT_COLUMNS, type ImportRow } from "./import.ts";

/** An import with what only its worker needs. */
export type LeasedImport = Import & {
  readonly leaseId: string;
  /** Leases since something was kept last, this one included. */
  readonly tries: number;
};

/** Imports that somebody has to work on. */
const WAITING = "state in ('checking', 'importing') and expires_at > ?1 and lease_until <= ?1";

/** Whether an import waits for somebody to go on with it. */
export async function importWaits(db: D1Database, now: number): Promise<boolean> {
  const found = await rows<{ id: string }>(
    statement(db, `select id from imports where ${WAITING} limit 1`, now),
  );
  return found.length > 0;
}

/** Leases the import whose turn it is: the one that nobody worked on for the longest time. */
export async function leaseImport(
  db: D1Database,
  lease: { readonly id: string; readonly now: number; readonly until: number },
): Promise<LeasedImport | null> {
  const found = await rows<ImportRow & { lease_id: string; tries: number }>(
    statement(
      db,
      `update imports set lease_id = ?2, lease_until = ?3, tries = tries + 1
       where id = (select id from imports where ${WAITING} order by lease_until, id limit 1)
       returning ${IMPORT_COLUMNS}, lease_id, tries`,
      lease.now,
      lease.id,
      lease.until,
    ),
  );
  const row = found[0];
  return row ? { ...decodeImport(row), leaseId: row.lease_id, tries: row.tries } : null;
}

/** Some rows of a file, in order. */
export type ImportChunk = {
  readonly from: ImportPlace;
  readonly to: ImportPlace;
  readonly rows: number;
  /** No two with the same address. */
  readonly contacts: readonly ContactWrite[];
  /** Values that those have who are new. */
  readonly defaults: Values;
  readonly errors: readonly ImportError[];
};

/**
 * Keeps a chunk: its contacts, unless the import only checks, its errors, and that it was read, in one
 * transaction. False when the lease is gone. The same chunk again changes nothing.
 */
export async function keepChunk(
  db: D1Database,
  one: LeasedImport,
  settings: ImportSettings,
  chunk: ImportChunk,
  now: number,
): Promise<boolean> {
  const { from, to, errors } = chunk;
  const told = [...one.errors, ...errors].slice(0, FIRST_ERRORS);
  const contacts = JSON.stringify(chunk.contacts);
  // From here on the place says that the chunk is kept.
  const kept = { sql: HELD_AT, parameters: [one.id, one.leaseId, to.offset] };
  const results = await batch(db, [
    statement(
      db,
      `update imports set place = ?5, line = ?6, row_count = row_count + ?7, tries = 0,
         existing = existing + ${EXISTING}, added = added + json_array_length(?1) - ${EXISTING},
         refused = refused + json_array_length(?8), errors = ?9
       where id = ?2 and lease_id = ?3 and place = ?4`,
      contacts,
      one.id,
      one.leaseId,
      from.offset,
      to.offset,
      to.line,
      chunk.rows,
      JSON.stringify(errors),
      JSON.stringify(told),
    ),
    ...(one.state === "importing" && chunk.contacts.length > 0
      ? writeContacts(db, {
          listId: settings.listId,
          contacts: chunk.contacts,
          defaults: chunk.defaults,
          update: settings.updateContacts,
          tagIds: settings.tagIds,
          now,
          guard: kept,
        })
      : []),
    ...(errors.length > 0 && one.counts.refused < MAX_ERRORS
      ? [
          statement(
            db,
            `insert into import_errors (import_id, place, errors) select ?1, ?3, ?4
             where exists (select 1 from imports where id = ?1 and lease_id = ?2 and place = ?3)
             on conflict do nothing`,
            one.id,
            one.leaseId,
            to.offset,
            JSON.stringify(errors),
          ),
        ]
      : []),
    statement(
      db,
      "select 1 from imports where id = ?1 and lease_id = ?2 and place = ?3",
      one.id,
      one.leaseId,
      to.offset,
    ),
  ]);
  return (results.at(-1)?.results.length ?? 0) > 0;
}

/** The guard of the contacts' statements; their own parameters end with ?6. */
const HELD_AT = "exists (select 1 from imports where id = ?7 and lease_id = ?8 and place = ?9)";

/** How an import goes on: over, or given back to whoever comes next. */
export type ImportEnd =
  | { readonly state: "checked" | "done"; readonly now: number }
  | { readonly state: "failed"; readonly error: string; readonly now: number }
  | { readonly state: "checking" | "importing" };

/** Ends an import, or gives its lease back; nothing happens when the lease is gone. */
export async function endLease(db: D1Database, one: LeasedImport, end: ImportEnd): Promise<void> {
  await batch(db, [
    statement(
      db,
      `update imports set state = ?3, error = ?4, finished_at = ?5, lease_id = null, lease_until = 0
       where id = ?1 and lease_id = ?2`,
      one.id,
      one.leaseId,
      end.state,
      end.state === "failed" ? end.error : null,
      "now" in end && end.state !== "checked" ? end.now : null,
    ),
  ]);
}

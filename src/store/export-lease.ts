// SQL of working on an export: whoever holds its lease may keep how far it came. What is kept without the
// lease changes nothing, so two at once do what one does.
import type { Export } from "../model/export.ts";
import { decodeExport, EXPORT_COLUMNS, type ExportRow } from "./export.ts";
import { rows, statement, stored } from "./db.ts";

/** An export with what only its maker needs. */
export type LeasedExport = Export & {
  readonly leaseId: string;
  readonly uploadId: string | null;
  /** ETags of the parts, in order. */
  readonly parts: readonly string[];
  readonly restKey: string | null;
  /** Leases since something was kept last, this one included. */
  readonly tries: number;
  readonly restarts: number;
};

type LeasedRow = ExportRow & {
  lease_id: string;
  upload_id: string | null;
  parts: string;
  rest_key: string | null;
  tries: number;
  restarts: number;
};

/** Exports that somebody has to work on. */
const WAITING =
  "state in ('queued', 'running', 'closing') and expires_at > ?1 and lease_until <= ?1";

/** Whether an export waits for somebody to go on with it. */
export async function exportWaits(db: D1Database, now: number): Promise<boolean> {
  const found = await rows<{ id: string }>(
    statement(db, `select id from exports where ${WAITING} limit 1`, now),
  );
  return found.length > 0;
}

/** Leases the export whose turn it is: the one that nobody worked on for the longest time. */
export async function leaseExport(
  db: D1Database,
  lease: { readonly id: string; readonly now: number; readonly until: number },
): Promise<LeasedExport | null> {
  const found = await rows<LeasedRow>(
    statement(
      db,
      `update exports set lease_id = ?2, lease_until = ?3, tries = tries + 1,
         state = case state when 'queued' then 'running' else state end
       where id = (select id from exports where ${WAITING} order by lease_until, id limit 1)
       returning ${EXPORT_COLUMNS}, lease_id, upload_id, parts, rest_key, tries, restarts`,
      lease.now,
      lease.id,
      lease.until,
    ),
  );
  const row = found[0];
  if (!row) return null;
  return {
    ...decodeExport(row),
    leaseId: row.lease_id,
    uploadId: row.upload_id,
    parts: stored<string[]>(row.parts),
    restKey: row.rest_key,
    tries: row.tries,
    restarts: row.restarts,
  };
}

/** Who keeps something, for which export. */
export type Lease = { readonly id: string; readonly leaseId: string };

const HELD = "id = ?1 and lease_id = ?2";

async function changes(query: D1PreparedStatement): Promise<boolean> {
  return (await query.run()).meta.changes > 0;
}

/** Keeps the upload before its first part; false when the lease is gone. */
export async function keepUpload(
  db: D1Database,
  { id, leaseId }: Lease,
  upload: { readonly key: string; readonly id: string },
): Promise<boolean> {
  return changes(
    statement(
      db,
      `update exports set object_key = ?3, upload_id = ?4 where ${HELD}`,
      id,
      leaseId,
      upload.key,
      upload.id,
    ),
  );
}

/** How far an export came. */
export type Reached = {
  readonly cursor: string | null;
  readonly rows: number;
  readonly bytes: number;
  /** The part that was uploaded, counted from 0; null when none was. */
  readonly part: { readonly index: number; readonly etag: string } | null;
  /** Where the bytes after the last part are; null when there are none. */
  readonly restKey: string | null;
  /** `closing`: all is read and uploaded. */
  readonly state: "running" | "closing";
  /** Gives the lease back at this moment; null keeps it. */
  readonly givenBackAt: number | null;
};

/** Keeps how far it came; false when the lease is gone. Safe to repeat. */
export async function keepReached(
  db: D1Database,
  { id, leaseId }: Lease,
  reached: Reached,
): Promise<boolean> {
  const { part } = reached;
  return changes(
    statement(
      db,
      `update exports set after = ?3, row_count = ?4, bytes = ?5, rest_key = ?6, tries = 0,
         parts = case when ?7 is null then parts else json_set(parts, '$[' || cast(?7 as integer) || ']', ?8) end,
         state = ?9, lease_until = coalesce(?10, lease_until)
       where ${HELD}`,
      id,
      leaseId,
      reached.cursor,
      reached.rows,
      reached.bytes,
      reached.restKey,
      part?.index ?? null,
      part?.etag ?? null,
      reached.state,
      reached.givenBackAt,
    ),
  );
}

/** Keeps the finished file; false when the lease is gone. */
export async function finishExport(
  db: D1Database,
  { id, leaseId }: Lease,
  file: {
    readonly key: string;
    readonly rows: number;
    readonly bytes: number;
    readonly now: number;
    readonly expiresAt: number;
  },
): Promise<boolean> {
  return changes(
    statement(
      db,
      `update exports set state = 'done', object_key = ?3, row_count = ?4, bytes = ?5,
         finished_at = ?6, expires_at = ?7, upload_id = null, parts = '[]', rest_key = null,
         after = null, lease_id = null, lease_until = 0
       where ${HELD}`,
      id,
      leaseId,
      file.key,
      file.rows,
      file.bytes,
      file.now,
      file.expiresAt,
    ),
  );
}

/** Gives an export up; false when the lease is gone. Its files are removed by the sweeper. */
export async function giveUpExport(
  db: D1Database,
  { id, leaseId }: Lease,
  failure: { readonly error: string; readonly now: number; readonly expiresAt: number },
): Promise<boolean> {
  return changes(
    statement(
      db,
      `update exports set state = 'failed', error = ?3, finished_at = ?4, expires_at = ?5,
         after = null, lease_id = null, lease_until = 0
       where ${HELD}`,
      id,
      leaseId,
      failure.error,
      failure.now,
      failure.expiresAt,
    ),
  );
}

/** Lets an export begin anew, as if nothing had been read; false when the lease is gone. */
export async function restartExport(db: D1Database, { id, leaseId }: Lease): Promise<boolean> {
  return changes(
    statement(
      db,
      `update exports set state = 'queued', after = null, row_count = 0, bytes = 0, object_key = null,
         upload_id = null, parts = '[]', rest_key = null, lease_id = null, lease_until = 0, tries = 0,
         restarts = restarts + 1
       where ${HELD}`,
      id,
      leaseId,
    ),
  );
}

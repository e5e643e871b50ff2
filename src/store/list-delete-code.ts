// SQL of the codes that confirm that a list is to be deleted: each opens one list, once, for a short while.
import { batch, rows, rowsOf, statement } from "./db.ts";

/** A code as it is kept; times are epoch milliseconds. */
export type DeleteCode = {
  readonly listId: number;
  readonly code: string;
  readonly expiresAt: number;
};

/** Keeps a code, and drops those of its list that have expired. Safe to repeat. */
export async function insertDeleteCode(
  db: D1Database,
  { listId, code, expiresAt }: DeleteCode,
  now: number,
): Promise<void> {
  await batch(db, [
    statement(
      db,
      "delete from list_delete_codes where list_id = ?1 and expires_at <= ?2",
      listId,
      now,
    ),
    statement(
      db,
      `insert into list_delete_codes (list_id, code, expires_at) values (?1, ?2, ?3)
       on conflict do nothing`,
      listId,
      code,
      expiresAt,
    ),
  ]);
}

/** Uses a code up; false when it is not one of a living list's, has expired or was used. */
export async function useDeleteCode(
  db: D1Database,
  { listId, code, expiresAt }: DeleteCode,
  now: number,
): Promise<boolean> {
  const found = await rows<{ code: string }>(
    statement(
      db,
      `update list_delete_codes set used_at = ?4
       where list_id = ?1 and code = ?2 and expires_at = ?3 and expires_at > ?4 and used_at is null
         and exists (select 1 from lists where id = ?1 and status <> 'deleted')
       returning code`,
      listId,
      code,
      expiresAt,
      now,
    ),
  );
  return found.length > 0;
}

/** Whether there is a list of this number, or was one. */
export async function everList(db: D1Database, id: number): Promise<boolean> {
  const [found] = await batch(db, [statement(db, "select 1 from lists where id = ?1", id)]);
  return rowsOf(found).length > 0;
}

// SQL that removes contacts: one of them, or all places on a list that is deleted.
import { batch, rows, rowsOf, statement } from "./db.ts";
import { cancelExportsOf } from "./export.ts";

/** Removes a contact from every list and tag, and the contact; false when there is none. */
export async function deleteContact(
  db: D1Database,
  name: { readonly id: number } | { readonly email: string; readonly createdBefore: number },
): Promise<boolean> {
  const [id, parameters]: [string, readonly (number | string)[]] =
    "id" in name
      ? ["?1", [name.id]]
      : [
          "(select id from contacts where email = ?1 and created_at < ?2)",
          [name.email, name.createdBefore],
        ];
  const run = (sql: string) => statement(db, sql, ...parameters);
  const results = await batch(db, [
    run(`delete from memberships where list_id in (select id from lists) and contact_id = ${id}`),
    run(`delete from contact_tags where tag_id in (select id from tags) and contact_id = ${id}`),
    run(`delete from contacts where id = ${id} returning id`),
  ]);
  return rowsOf(results[2]).length > 0;
}

/** Places removed by one statement: well within D1's 30 s. */
const STEP_PLACES = 10_000;

/**
 * Marks a list as deleted: it is gone for everybody at once, and exports of it are cancelled (E-12).
 * False when there is none.
 */
export async function deleteList(db: D1Database, id: number, now: number): Promise<boolean> {
  const results = await batch(db, [
    statement(
      db,
      `update lists set status = 'deleted', updated_at = ?2
       where id = ?1 and status <> 'deleted' returning id`,
      id,
      now,
    ),
    statement(db, "delete from contact_jobs where list_id = ?1", id),
    statement(
      db,
      `update imports set state = 'cancelled', lease_id = null
       where list_id = ?1 and state in ('checking', 'checked', 'importing')`,
      id,
    ),
    cancelExportsOf(db, id),
    statement(
      db,
      "update custom_fields set status = 'deleted', updated_at = ?2 where list_id = ?1",
      id,
      now,
    ),
  ]);
  return rowsOf(results[0]).length > 0;
}

/** Whether a deleted list has places left. */
export async function placesLeft(db: D1Database): Promise<boolean> {
  const found = await rows<{ id: number }>(
    statement(
      db,
      `select id from lists l where status = 'deleted'
         and exists (select 1 from memberships m where m.list_id = l.id) limit 1`,
    ),
  );
  return found.length > 0;
}

/** Removes places on deleted lists, some at a time; answers how many went. */
export async function removePlaces(db: D1Database): Promise<number> {
  const results = await batch(db, [
    statement(
      db,
      `delete from memberships where (list_id, contact_id) in (
         select m.list_id, m.contact_id from lists l join memberships m on m.list_id = l.id
         where l.status = 'deleted' limit ${STEP_PLACES})`,
    ),
  ]);
  return results[0]?.meta.changes ?? 0;
}

// SQL of suppressions of an address that is erased: they go on as entries of its MD5, which hold no byte
// of it, and so does the story of those that were removed.
import type { Mentions } from "../model/mention.ts";
import { batch, rowsOf, statement } from "./db.ts";

/** Changes that one step turns; standing entries are at most one a scope. */
const STEP_CHANGES = 500;

type Entry = { scope: string; reason: string };
type Change = { scope: string; at: number; action: string; reason: string };

/** Turns the next entries of the address into those of its MD5 entry; answers how many rows it turned. */
export async function turnSuppressions(
  db: D1Database,
  { key, removedFrom }: Mentions,
  md5Entry: string,
): Promise<number> {
  const read = await batch(db, [
    statement(db, "select scope, reason from suppressions where address = ?1", key),
    statement(
      db,
      `select scope, at, action, reason from suppression_changes where address = ?1
       order by scope, at, action limit ${STEP_CHANGES}`,
      key,
    ),
  ]);
  const entries = rowsOf<Entry>(read[0]);
  const changes = rowsOf<Change>(read[1]);
  if (entries.length + changes.length === 0) return 0;
  const entryList = JSON.stringify(
    entries.map(({ scope, reason }) => [scope, reason, removedFrom(reason)]),
  );
  const changeList = JSON.stringify(
    changes.map(({ scope, at, action, reason }) => [scope, at, action, removedFrom(reason)]),
  );
  // Where its MD5 is an entry already, that one stays.
  await batch(db, [
    statement(
      db,
      `insert into suppressions (address, scope, reason, message_id, created_at, key_id)
       select ?2, s.scope, l.value ->> 2, s.message_id, s.created_at, s.key_id
       from json_each(?3) l join suppressions s
         on s.address = ?1 and s.scope = l.value ->> 0 and s.reason = l.value ->> 1
       where true on conflict do nothing`,
      key,
      md5Entry,
      entryList,
    ),
    statement(
      db,
      `delete from suppressions where address = ?1
         and (scope, reason) in (select value ->> 0, value ->> 1 from json_each(?2))`,
      key,
      entryList,
    ),
    statement(
      db,
      `insert into suppression_changes (address, scope, at, action, key_id, reason, message_id)
       select ?2, s.scope, s.at, s.action, s.key_id, l.value ->> 3, s.message_id
       from json_each(?3) l join suppression_changes s on s.address = ?1
         and s.scope = l.value ->> 0 and s.at = l.value ->> 1 and s.action = l.value ->> 2
       where true on conflict do nothing`,
      key,
      md5Entry,
      changeList,
    ),
    statement(
      db,
      `delete from suppression_changes where address = ?1 and (scope, at, action) in
         (select value ->> 0, value ->> 1, value ->> 2 from json_each(?2))`,
      key,
      changeList,
    ),
  ]);
  return entries.length + changes.length;
}

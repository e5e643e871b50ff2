// SQL of lists: making, finding by any of their names, pages, changes.
import { type List, type ListStatus, listNameOf, MAX_LISTS } from "../model/list.ts";
import { batch, likeText, rows, rowsOf, statement, stored } from "./db.ts";

const COLUMNS = "id, list_id, name, status, settings, created_at, updated_at";

type ListRow = {
  id: number;
  list_id: string;
  name: string;
  status: ListStatus;
  settings: string;
  created_at: number;
  updated_at: number;
};

function decode(row: ListRow): List {
  return {
    id: row.id,
    listId: row.list_id,
    name: row.name,
    status: row.status,
    settings: stored<List["settings"]>(row.settings),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Makes a list; null when there are as many as may be. Safe to repeat with the same `listId`. */
export async function insertList(
  db: D1Database,
  list: Pick<List, "listId" | "name" | "settings" | "createdAt">,
): Promise<List | null> {
  const results = await batch(db, [
    statement(
      db,
      `insert into lists (list_id, name, status, settings, created_at, updated_at)
       select ?1, ?2, 'active', ?3, ?4, ?4
       where (select count(*) from lists where status <> 'deleted') < ?5
       on conflict do nothing`,
      list.listId,
      list.name,
      JSON.stringify(list.settings),
      list.createdAt,
      MAX_LISTS,
    ),
    statement(db, `select ${COLUMNS} from lists where list_id = ?1`, list.listId),
  ]);
  const row = rowsOf<ListRow>(results[1])[0];
  return row ? decode(row) : null;
}

/**
 * The list that a text names: by decimal id, else by `list_id`, else by name without case, the oldest first.
 * Null when none that is not deleted does.
 */
export async function findList(db: D1Database, name: string): Promise<List | null> {
  const { id, text } = listNameOf(name);
  const found = await rows<ListRow>(
    statement(
      db,
      `select ${COLUMNS} from (
         select 1 as rank, * from lists where id = ?1
         union all select 2, * from lists where list_id = ?2
         union all select * from (select 3, * from lists where lower(name) = ?2 and status <> 'deleted'
           order by id limit 1))
       where status <> 'deleted' order by rank limit 1`,
      id,
      text,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

/** The list with this decimal id that is not deleted, or null. */
export async function listById(db: D1Database, id: number): Promise<List | null> {
  const found = await rows<ListRow>(
    statement(db, `select ${COLUMNS} from lists where id = ?1 and status <> 'deleted'`, id),
  );
  return found[0] ? decode(found[0]) : null;
}

/** The list with this `list_id` that is not deleted, or null. */
export async function listByListId(db: D1Database, listId: string): Promise<List | null> {
  const found = await rows<ListRow>(
    statement(
      db,
      `select ${COLUMNS} from lists where list_id = ?1 and status <> 'deleted'`,
      listId,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

/** Which lists a page shows. */
export type ListFilter = {
  /** Part of the name, without case; "" for any. */
  readonly name: string;
  /** Null for all that are not deleted. */
  readonly status: ListStatus | null;
};

/** The oldest lists behind an id that a filter lets through, and how many it lets through in all. */
export async function listLists(
  db: D1Database,
  filter: ListFilter,
  page: { readonly after: number; readonly offset: number; readonly limit: number },
): Promise<{ readonly lists: readonly List[]; readonly total: number }> {
  const chosen = `status <> 'deleted' and (?1 is null or status = ?1)
    and (?2 = '' or name like ?2 escape '\\')`;
  const pattern = likeText(filter.name);
  const results = await batch(db, [
    statement(
      db,
      `select ${COLUMNS} from lists where id > ?3 and ${chosen} order by id limit ?4 offset ?5`,
      filter.status,
      pattern,
      page.after,
      page.limit,
      page.offset,
    ),
    statement(db, `select count(*) as total from lists where ${chosen}`, filter.status, pattern),
  ]);
  return {
    lists: rowsOf<ListRow>(results[0]).map(decode),
    total: rowsOf<{ total: number }>(results[1])[0]?.total ?? 0,
  };
}

/** Changes a list that is not deleted; null when there is none. What is null stays. */
export async function changeList(
  db: D1Database,
  id: number,
  change: {
    readonly name: string | null;
    readonly status: "active" | "inactive" | null;
    /** Replaces those of the same names; a name that is null goes back to its default. */
    readonly settings: List["settings"] | null;
    readonly now: number;
  },
): Promise<List | null> {
  const found = await rows<ListRow>(
    statement(
      db,
      `update lists set name = coalesce(?2, name), status = coalesce(?3, status),
         settings = json_patch(settings, coalesce(?4, '{}')), updated_at = ?5
       where id = ?1 and status <> 'deleted' returning ${COLUMNS}`,
      id,
      change.name,
      change.status,
      change.settings && JSON.stringify(change.settings),
      change.now,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

// SQL of tags: making, pages, changes, and which there are.
import { MAX_TAGS, type Tag, type TagStatus } from "../model/tag.ts";
import { batch, likeText, rows, rowsOf, statement } from "./db.ts";

const COLUMNS = "id, tag_id, name, status, created_at, modified_at";

type TagRow = {
  id: number;
  tag_id: string;
  name: string;
  status: TagStatus;
  created_at: number;
  modified_at: number;
};

function decode(row: TagRow): Tag {
  return {
    id: row.id,
    tagId: row.tag_id,
    name: row.name,
    status: row.status,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}

/** Makes a tag; null when its name is taken or there are as many as may be. Safe to repeat. */
export async function insertTag(
  db: D1Database,
  tag: Pick<Tag, "tagId" | "name" | "createdAt">,
): Promise<Tag | null> {
  const results = await batch(db, [
    statement(
      db,
      `insert into tags (tag_id, name, status, created_at, modified_at)
       select ?1, ?2, 'active', ?3, ?3 where (select count(*) from tags) < ?4
       on conflict do nothing`,
      tag.tagId,
      tag.name,
      tag.createdAt,
      MAX_TAGS,
    ),
    statement(db, `select ${COLUMNS} from tags where tag_id = ?1`, tag.tagId),
  ]);
  const row = rowsOf<TagRow>(results[1])[0];
  return row ? decode(row) : null;
}

/** A tag, or null. */
export async function findTag(db: D1Database, tagId: string): Promise<Tag | null> {
  return (await tagsAmong(db, [tagId]))[0] ?? null;
}

/** Those of these tags that there are. */
export async function tagsAmong(
  db: D1Database,
  tagIds: readonly string[],
): Promise<readonly Tag[]> {
  if (tagIds.length === 0) return [];
  const found = await rows<TagRow>(
    statement(
      db,
      `select ${COLUMNS} from tags where tag_id in (select value from json_each(?1)) order by id`,
      JSON.stringify(tagIds),
    ),
  );
  return found.map(decode);
}

/** The oldest tags behind an id that a filter lets through, and how many it lets through in all. */
export async function listTags(
  db: D1Database,
  filter: { readonly name: string; readonly status: TagStatus | null },
  page: { readonly after: number; readonly offset: number; readonly limit: number },
): Promise<{ readonly tags: readonly Tag[]; readonly total: number }> {
  const chosen = "(?1 = '' or name like ?1 escape '\\') and (?2 is null or status = ?2)";
  const parameters = [likeText(filter.name), filter.status] as const;
  const results = await batch(db, [
    statement(
      db,
      `select ${COLUMNS} from tags where id > ?3 and ${chosen} order by id limit ?4 offset ?5`,
      ...parameters,
      page.after,
      page.limit,
      page.offset,
    ),
    statement(db, `select count(*) as total from tags where ${chosen}`, ...parameters),
  ]);
  return {
    tags: rowsOf<TagRow>(results[0]).map(decode),
    total: rowsOf<{ total: number }>(results[1])[0]?.total ?? 0,
  };
}

/** Changes a tag; null when there is none, or its new name is taken. What is null stays. */
export async function changeTag(
  db: D1Database,
  tagId: string,
  change: {
    readonly name: string | null;
    readonly status: TagStatus | null;
    readonly now: number;
  },
): Promise<Tag | null> {
  const found = await rows<TagRow>(
    statement(
      db,
      `update or ignore tags set name = coalesce(?2, name), status = coalesce(?3, status),
         modified_at = ?4
       where tag_id = ?1 returning ${COLUMNS}`,
      tagId,
      change.name,
      change.status,
      change.now,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

/** Gives a contact these tags (`tags.id`) and no others. */
export async function setTags(
  db: D1Database,
  contactId: number,
  tagIds: readonly number[],
): Promise<void> {
  const ids = JSON.stringify(tagIds);
  await batch(db, [
    statement(
      db,
      `delete from contact_tags where contact_id = ?1
         and tag_id in (select id from tags where id not in (select value from json_each(?2)))`,
      contactId,
      ids,
    ),
    statement(
      db,
      `insert into contact_tags (tag_id, contact_id)
       select value, ?1 from json_each(?2) where exists (select 1 from contacts where id = ?1)
       on conflict do nothing`,
      contactId,
      ids,
    ),
  ]);
}

/** Deletes a tag and takes it from every contact; false when there is none. */
export async function deleteTag(db: D1Database, tagId: string): Promise<boolean> {
  const results = await batch(db, [
    statement(
      db,
      "delete from contact_tags where tag_id = (select id from tags where tag_id = ?1)",
      tagId,
    ),
    statement(db, "delete from tags where tag_id = ?1 returning id", tagId),
  ]);
  return rowsOf(results[1]).length > 0;
}

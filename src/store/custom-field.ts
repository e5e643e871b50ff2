// SQL of custom fields: making, pages, changes. A deleted field's values stay where they are, unseen.
import {
  type CustomField,
  type CustomFieldStatus,
  type CustomFieldType,
  MAX_FIELDS,
} from "../model/custom-field.ts";
import { batch, likeText, rows, rowsOf, statement, stored } from "./db.ts";

const COLUMNS = `id, custom_id, list_id, name, type, required, default_value, options, extras, status,
  created_at, updated_at`;

type FieldRow = {
  id: number;
  custom_id: string;
  list_id: number | null;
  name: string;
  type: CustomFieldType;
  required: number;
  default_value: string;
  options: string;
  extras: string;
  status: CustomFieldStatus;
  created_at: number;
  updated_at: number;
};

function decode(row: FieldRow): CustomField {
  return {
    id: row.id,
    customId: row.custom_id,
    listId: row.list_id,
    name: row.name,
    type: row.type,
    required: row.required === 1,
    defaultValue: row.default_value,
    options: stored<string[]>(row.options),
    extras: stored<CustomField["extras"]>(row.extras),
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What a new field is told to be. */
export type NewField = Omit<CustomField, "id" | "status" | "updatedAt">;

/**
 * Makes a field; null when its name is taken where it would stand, or there are as many as may be. Safe to
 * repeat with the same `customId`.
 */
export async function insertField(db: D1Database, field: NewField): Promise<CustomField | null> {
  const results = await batch(db, [
    statement(
      db,
      `insert into custom_fields (custom_id, list_id, name, type, required, default_value, options, extras,
         status, created_at, updated_at)
       select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'active', ?9, ?9
       where (select count(*) from custom_fields where status <> 'deleted') < ?10
         and not exists (select 1 from custom_fields where status <> 'deleted' and lower(name) = lower(?3)
           and (list_id is ?2 or list_id is null or ?2 is null))
       on conflict do nothing`,
      field.customId,
      field.listId,
      field.name,
      field.type,
      field.required ? 1 : 0,
      field.defaultValue,
      JSON.stringify(field.options),
      JSON.stringify(field.extras),
      field.createdAt,
      MAX_FIELDS,
    ),
    statement(db, `select ${COLUMNS} from custom_fields where custom_id = ?1`, field.customId),
  ]);
  const row = rowsOf<FieldRow>(results[1])[0];
  return row ? decode(row) : null;
}

/** The active fields that a list has: those of all lists and its own, oldest first; without a list, the former. */
export async function fieldsOfList(
  db: D1Database,
  listId: number | null,
): Promise<readonly CustomField[]> {
  const found = await rows<FieldRow>(
    statement(
      db,
      `select ${COLUMNS} from custom_fields
       where status = 'active' and (list_id is null or list_id = ?1) order by id`,
      listId,
    ),
  );
  return found.map(decode);
}

/** Every active field, of all lists and of any. */
export async function allFields(db: D1Database): Promise<readonly CustomField[]> {
  const sql = `select ${COLUMNS} from custom_fields where status = 'active' order by id`;
  return (await rows<FieldRow>(statement(db, sql))).map(decode);
}

/**
 * The names of these fields (decimal ids as texts): of those that are not deleted, or of all of which values
 * may be kept; then a deleted one has its id behind its name.
 */
export async function fieldNames(
  db: D1Database,
  ids: readonly string[],
  which: "shown" | "kept",
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const found = await rows<{ id: number; name: string }>(
    statement(
      db,
      `select id, iif(status = 'deleted', name || ' (deleted, ' || id || ')', name) as name
       from custom_fields where id in (select cast(value as integer) from json_each(?1))
         and (status <> 'deleted' or ?2 = 'kept')`,
      JSON.stringify(ids),
      which,
    ),
  );
  return new Map(found.map(({ id, name }) => [String(id), name]));
}

/** A field that is not deleted, by `custom_id` or decimal id; null when there is none. */
export async function findField(
  db: D1Database,
  name: { readonly customId: string } | { readonly id: number },
): Promise<CustomField | null> {
  const found = await rows<FieldRow>(
    statement(
      db,
      `select ${COLUMNS} from custom_fields
       where ${"id" in name ? "id" : "custom_id"} = ?1 and status <> 'deleted'`,
      "id" in name ? name.id : name.customId,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

/** Which fields a page shows: null for any status that is not deleted; of all lists unless one is named. */
export type FieldFilter = {
  readonly name: string;
  readonly status: CustomFieldStatus | null;
  /** Null: those that all lists have. */
  readonly listId: number | null;
};

/** The oldest fields behind an id that a filter lets through, and how many it lets through in all. */
export async function listFields(
  db: D1Database,
  filter: FieldFilter,
  page: { readonly after: number; readonly offset: number; readonly limit: number },
): Promise<{ readonly fields: readonly CustomField[]; readonly total: number }> {
  const chosen = `list_id is ?1 and (?2 = '' or name like ?2 escape '\\')
    and status <> 'deleted' and (?3 is null or status = ?3)`;
  const parameters = [filter.listId, likeText(filter.name), filter.status] as const;
  const results = await batch(db, [
    statement(
      db,
      `select ${COLUMNS} from custom_fields where id > ?4 and ${chosen}
       order by id limit ?5 offset ?6`,
      ...parameters,
      page.after,
      page.limit,
      page.offset,
    ),
    statement(db, `select count(*) as total from custom_fields where ${chosen}`, ...parameters),
  ]);
  return {
    fields: rowsOf<FieldRow>(results[0]).map(decode),
    total: rowsOf<{ total: number }>(results[1])[0]?.total ?? 0,
  };
}

/** What of a field may change; its type may not. Null leaves it. */
export type FieldChange = {
  readonly name: string | null;
  readonly required: boolean | null;
  readonly defaultValue: string | null;
  readonly options: readonly string[] | null;
  readonly extras: CustomField["extras"] | null;
  readonly status: CustomFieldStatus | null;
  readonly now: number;
};

/** Changes a field that is not deleted; null when there is none, or its new name is taken. */
export async function changeField(
  db: D1Database,
  id: number,
  change: FieldChange,
): Promise<CustomField | null> {
  const { required } = change;
  const found = await rows<FieldRow>(
    statement(
      db,
      `update or ignore custom_fields set name = coalesce(?2, name), required = coalesce(?3, required),
         default_value = coalesce(?4, default_value), options = coalesce(?5, options),
         extras = json_patch(extras, coalesce(?6, '{}')), status = coalesce(?7, status), updated_at = ?8
       where id = ?1 and status <> 'deleted' and not exists (select 1 from custom_fields o
         where o.id <> ?1 and o.status <> 'deleted' and lower(o.name) = lower(?2)
           and (o.list_id is custom_fields.list_id or o.list_id is null or custom_fields.list_id is null))
       returning ${COLUMNS}`,
      id,
      change.name,
      required === null ? null : required ? 1 : 0,
      change.defaultValue,
      change.options && JSON.stringify(change.options),
      change.extras && JSON.stringify(change.extras),
      change.status,
      change.now,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

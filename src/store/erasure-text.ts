// SQL of searching all stored texts for mentions of addresses, a piece of a table at a time, in the order
// of its key; and of writing back what is left. Contents are in erasure-content.ts.
import { type Erasing, type TextKind, textWithout } from "../model/erasure-text.ts";
import { usualSpellings } from "../model/mention.ts";
import { batch, rowsOf, statement } from "./db.ts";

/** A table with texts that people or relays wrote. */
export type Shelf = {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, TextKind>>;
  /** Rows that one step passes: some MB, read well within D1's 30 s. */
  readonly rows: number;
  /** The column that says which message a row belongs to, where rows of younger ones are passed over. */
  readonly message?: string;
};

/** Messages, without their contents. */
export const MESSAGES: Shelf = {
  table: "messages",
  key: ["id"],
  columns: {
    idempotency_key: "whole",
    from_name: "text",
    subject: "text",
    tags: "name",
    metadata: "json",
    recipients: "recipients",
    items: "items",
  },
  rows: 2_000,
  message: "id",
};

/** What was counted, by tag among others. Whoever counts meanwhile may write it as it was. */
export const STATISTICS: readonly Shelf[] = ["stats_hours", "stats_days"].map((table) => ({
  table,
  key: ["at"],
  columns: { tags: "cells" },
  rows: 200,
}));

/** Every table that may name an address, but for contents. */
export const SHELVES: readonly Shelf[] = [
  MESSAGES,
  {
    table: "deliveries",
    key: ["recipient", "message_id"],
    columns: { history: "json", activity: "json" },
    rows: 2_000,
    message: "message_id",
  },
  { table: "event_log", key: ["position"], columns: { events: "events" }, rows: 200 },
  ...STATISTICS,
  { table: "webhook_jobs", key: ["id"], columns: { entries: "entries" }, rows: 50 },
  {
    table: "suppressions",
    key: ["address", "scope"],
    columns: { reason: "text" },
    rows: 5_000,
  },
  {
    table: "suppression_changes",
    key: ["address", "scope", "at", "action"],
    columns: { reason: "text" },
    rows: 5_000,
  },
  {
    table: "contacts",
    key: ["id"],
    columns: { first_name: "text", last_name: "text", fields: "json" },
    rows: 5_000,
  },
  {
    table: "memberships",
    key: ["list_id", "contact_id"],
    columns: { fields: "json" },
    rows: 5_000,
  },
  { table: "lists", key: ["id"], columns: { settings: "json" }, rows: 1_000 },
  { table: "seed_lists", key: ["id"], columns: { addresses: "json" }, rows: 1_000 },
  { table: "contact_jobs", key: ["id"], columns: { job: "json" }, rows: 50 },
  { table: "imports", key: ["id"], columns: { errors: "json" }, rows: 50 },
  { table: "import_errors", key: ["import_id", "place"], columns: { errors: "json" }, rows: 20 },
  { table: "keys", key: ["hash"], columns: { name: "text" }, rows: 5_000 },
  { table: "smtp_credentials", key: ["id"], columns: { name: "text" }, rows: 5_000 },
  { table: "credit_ledger", key: ["position"], columns: { reason: "text" }, rows: 5_000 },
  { table: "relay_health", key: ["relay_id"], columns: { reason: "text" }, rows: 5_000 },
];

/** A row that may name one of the addresses. */
export type ShelfRow = {
  /** JSON array of the values of the key. */
  readonly key: string;
  readonly message: string;
  readonly texts: Readonly<Record<string, string | null>>;
};

/** A piece of a shelf: the rows that may name an address, and the key of the last row passed. */
export type ShelfPiece = { readonly rows: readonly ShelfRow[]; readonly next: string | null };

/** Reads the piece after a key ("" is the start); `next` is null at the end. */
export async function readShelf(
  db: D1Database,
  shelf: Shelf,
  after: string,
  addresses: readonly string[],
): Promise<ShelfPiece> {
  const columns = Object.keys(shelf.columns);
  const start = after === "" ? "?1 = ''" : `(${shelf.key.join(", ")}) > (${keyAt("?1", shelf)})`;
  const scanned = `scanned as materialized (
    select json_array(${shelf.key.join(", ")}) as key, ${shelf.message ?? "''"} as message,
      json_object(${columns.map((name) => `'${name}', ${name}`).join(", ")}) as texts,
      lower(${columns.map((name) => `coalesce(${name}, '')`).join(" || char(10) || ")}) as low
    from ${shelf.table} where ${start} order by ${shelf.key.join(", ")} limit ${shelf.rows})`;
  const results = await batch(db, [
    statement(
      db,
      `with ${scanned} select key, message, texts from scanned
       where exists (select 1 from json_each(?2) s where instr(low, s.value) > 0)`,
      after,
      JSON.stringify(addresses.flatMap(usualSpellings)),
    ),
    statement(
      db,
      `with passed as (
         select json_array(${shelf.key.join(", ")}) as key from ${shelf.table} where ${start}
         order by ${shelf.key.join(", ")} limit ${shelf.rows})
       select key, n from (select key, row_number() over () as n from passed)
       order by n desc limit 1`,
      after,
    ),
  ]);
  const found = rowsOf<{ key: string; message: string; texts: string }>(results[0]);
  const last = rowsOf<{ key: string; n: number }>(results[1])[0];
  return {
    rows: found.map(({ key, message, texts }) => ({ key, message, texts: textsOf(texts) })),
    next: last?.n === shelf.rows ? last.key : null,
  };
}

/** The rows of these messages, which must be a shelf whose key is the message's id. */
export async function readMessageTexts(
  db: D1Database,
  shelf: Shelf,
  ids: readonly string[],
): Promise<readonly ShelfRow[]> {
  const columns = Object.keys(shelf.columns);
  const query = statement(
    db,
    `select json_array(id) as key, id as message,
       json_object(${columns.map((name) => `'${name}', ${name}`).join(", ")}) as texts
     from ${shelf.table} where id in (select value from json_each(?1))`,
    JSON.stringify(ids),
  );
  const { results } = await query.all<{ key: string; message: string; texts: string }>();
  return results.map(({ key, message, texts }) => ({ key, message, texts: textsOf(texts) }));
}

function textsOf(json: string): ShelfRow["texts"] {
  const texts: Readonly<Record<string, string | null>> = JSON.parse(json);
  return texts;
}

/** The values of a key in a JSON array, one by one. */
function keyAt(parameter: string, shelf: Shelf): string {
  return shelf.key.map((_, n) => `${parameter} ->> ${n}`).join(", ");
}

/** What is left of a row; null when it names none of the addresses, or belongs to later mail. */
export function rowWithout(
  shelf: Shelf,
  row: ShelfRow,
  all: readonly Erasing[],
): ShelfRow["texts"] | null {
  let changed = false;
  const texts = Object.entries(shelf.columns).map(([name, kind]) => {
    const before = row.texts[name] ?? null;
    const after = all
      .filter(({ bound }) => row.message < bound)
      .reduce<string | null>(
        (text, erasing) => (text === null ? null : textWithout(kind, text, erasing)),
        before,
      );
    changed ||= after !== before;
    return [name, after] as const;
  });
  return changed ? Object.fromEntries(texts) : null;
}

/** Rows written in one transaction: each may be 70 KB, before and after. */
const WRITE_ROWS = 10;

/** Writes back what is left of rows, those that are still as they were read; answers how many. */
export async function writeShelf(
  db: D1Database,
  shelf: Shelf,
  changes: readonly { readonly row: ShelfRow; readonly texts: ShelfRow["texts"] }[],
): Promise<number> {
  const columns = Object.keys(shelf.columns);
  const set = columns.map((name) => `${name} = ?2 ->> '${name}'`).join(", ");
  const same = columns.map((name) => `${name} is ?3 ->> '${name}'`).join(" and ");
  const sql = `update ${shelf.table} set ${set}
    where (${shelf.key.join(", ")}) = (${keyAt("?1", shelf)}) and ${same}`;
  let written = 0;
  for (let start = 0; start < changes.length; start += WRITE_ROWS) {
    const some = changes.slice(start, start + WRITE_ROWS);
    const results = await batch(
      db,
      some.map(({ row, texts }) =>
        statement(db, sql, row.key, JSON.stringify(texts), JSON.stringify(row.texts)),
      ),
    );
    written += results.reduce((sum, { meta }) => sum + meta.changes, 0);
  }
  return written;
}

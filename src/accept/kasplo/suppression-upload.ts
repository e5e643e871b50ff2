// /v1/suppressions/bulk: a list of entries, stored in pieces as it comes. A CSV is never held whole.
import * as z from "zod";
import type { App } from "../../app.ts";
import { csvReader, type CsvRecord, unguardFormula } from "../../lib/csv.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { Key } from "../../model/key.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import type { NewSuppression } from "../../model/suppression.ts";
import { twice } from "../../store/db.ts";
import { insertSuppressions } from "../../store/suppression.ts";
import type { BodyText } from "../body-text.ts";
import { type Answer, endpoint, pathText } from "../endpoint.ts";
import { one } from "./native.ts";
import {
  type Defaults,
  entryFields,
  type Fault,
  reasonField,
  requestedEntry,
  scopeField,
} from "./suppression-fields.ts";

/** Rows of one upload (F-100, decision 18). */
const MAX_ROWS = 100_000;

/** Rows stored by one statement, and their UTF-16 units: in UTF-8 they stay below D1's 2 MB. */
const CHUNK_ROWS = 5_000;
const CHUNK_UNITS = 500_000;

/** Units of a row in JSON beside its texts; a text may double where it is escaped. */
const ROW_UNITS = 32;

/** Refused rows that an answer lists; the rest are counted. */
const MAX_ERRORS = 100;

const bulkQuery = z.object({
  scope: scopeField.default("global"),
  reason: reasonField.default(""),
});

const bulkCsv = endpoint({
  method: "POST",
  path: "/suppressions/bulk",
  summary: "Add up to 100,000 entries from a CSV",
  scope: "manage",
  streams: "text/csv",
  request: { query: bulkQuery },
  async handle(app, { query, key, text }) {
    return upload(app, key, csvRows(text, query));
  },
});

const bulkJson = endpoint({
  method: "POST",
  path: "/suppressions/bulk",
  summary: "Add up to 100,000 entries from a JSON array",
  scope: "manage",
  request: {
    query: bulkQuery,
    body: z.array(z.unknown(), "must be an array of entries"),
  },
  async handle(app, { query, key, body }) {
    return upload(app, key, jsonRows(body, query));
  },
});

/** The uploads of /v1/suppressions. */
export const suppressionUploadEndpoints = [bulkCsv, bulkJson];

/** Where a row stood: its first line in a CSV, its index in an array. */
type Place = { readonly line: number } | { readonly index: number };

/** A row of an upload: what it asks for, or why it is refused. */
type Row = { readonly place: Place; readonly asked: Result<NewSuppression, Fault> };

type Rows = AsyncIterable<Result<Row, Problem>> | Iterable<Result<Row, Problem>>;

/** Stores rows as they come and answers what became of them; a problem ends it, what was stored stays. */
async function upload(app: App, key: Key, rows: Rows): Promise<Result<Answer, Problem>> {
  const errors: (Place & { reason: string })[] = [];
  const count = { rows: 0, accepted: 0, already_there: 0, refused: 0 };
  let chunk: NewSuppression[] = [];
  let units = 0;

  async function flush(): Promise<void> {
    const full = chunk;
    chunk = [];
    units = 0;
    if (full.length === 0) return;
    const by = { keyId: key.id, now: app.now() };
    const added = await twice(() => insertSuppressions(app.db, full, by));
    count.accepted += added;
    count.already_there += full.length - added;
  }

  let problem: Problem | null = null;
  for await (const row of rows) {
    if (!row.ok || count.rows === MAX_ROWS) {
      problem = row.ok ? tooMany(row.value.place) : row.error;
      break;
    }
    const { place, asked } = row.value;
    count.rows += 1;
    if (!asked.ok) {
      count.refused += 1;
      const reason = `${asked.error.path}: ${asked.error.reason}`;
      if (errors.length < MAX_ERRORS) errors.push({ ...place, reason });
      continue;
    }
    chunk.push(asked.value);
    units += ROW_UNITS + asked.value.entry.length + 2 * asked.value.reason.length;
    if (chunk.length >= CHUNK_ROWS || units >= CHUNK_UNITS) await flush();
  }
  await flush();
  if (problem) return fail(problem);
  return ok(one({ ...count, errors, errors_left_out: count.refused - errors.length }));
}

function tooMany(place: Place): Problem {
  const where = "line" in place ? `line ${place.line}` : `[${place.index}]`;
  const reason = `an upload takes ${MAX_ROWS} rows; those before were stored, send the rest in another`;
  return invalidField(where, reason);
}

function* jsonRows(
  items: readonly unknown[],
  defaults: Defaults,
): Generator<Result<Row, Problem>, void> {
  for (const [index, item] of items.entries()) {
    const fields = typeof item === "string" ? { entry: item } : item;
    yield ok({ place: { index }, asked: rowOf(fields, defaults) });
  }
}

function rowOf(fields: unknown, defaults: Defaults): Result<NewSuppression, Fault> {
  const parsed = entryFields.safeParse(fields);
  if (parsed.success) return requestedEntry(parsed.data, defaults);
  const issue = parsed.error.issues[0];
  const path = pathText(issue?.path ?? []) || "entry";
  return fail({ path, reason: issue?.message ?? "is invalid" });
}

/** The columns of a CSV without a header. */
const COLUMNS = ["entry", "scope", "reason"] as const;

/** Names of the first column in lists made elsewhere. */
const ENTRY_NAMES: readonly string[] = ["entry", "email", "address"];

async function* csvRows(
  text: BodyText,
  defaults: Defaults,
): AsyncGenerator<Result<Row, Problem>, void> {
  let columns: readonly string[] | null = null;
  for await (const record of csvRecords(text)) {
    if (!record.ok) {
      yield record;
      continue;
    }
    const header: readonly string[] | null = columns ? null : headerOf(record.value);
    columns ??= header ?? COLUMNS;
    if (!header) yield ok(csvRow(record.value, columns, defaults));
  }
}

async function* csvRecords(text: BodyText): AsyncGenerator<Result<CsvRecord, Problem>, void> {
  const reader = csvReader();
  for await (const piece of text) {
    if (!piece.ok) {
      yield piece;
      return;
    }
    for (const record of reader.push(piece.value)) yield ok(record);
  }
  for (const record of reader.end()) yield ok(record);
}

/** The names of the columns, when the record is a header. */
function headerOf(record: CsvRecord): readonly string[] | null {
  if ("fault" in record) return null;
  const names = record.cells.map((cell) => cell.trim().toLowerCase());
  const known = names.map((name) => (ENTRY_NAMES.includes(name) ? "entry" : name));
  return known.includes("entry") ? known : null;
}

function csvRow(record: CsvRecord, columns: readonly string[], defaults: Defaults): Row {
  const place = { line: record.line };
  if ("fault" in record) return { place, asked: fail({ path: "row", reason: record.fault }) };
  const cells = new Map(record.cells.map((cell, index) => [columns[index], unguardFormula(cell)]));
  const cell = (name: string) => cells.get(name)?.trim() || undefined;
  const entry = cell("entry") ?? "";
  // What bytes that are not UTF-8 were decoded to.
  if (entry.includes("\ufffd")) {
    return { place, asked: fail({ path: "entry", reason: "must be UTF-8" }) };
  }
  const scope = cell("scope")?.toLowerCase();
  return { place, asked: rowOf({ entry, scope, reason: cell("reason") }, defaults) };
}

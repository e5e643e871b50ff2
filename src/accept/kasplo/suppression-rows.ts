// The rows of an uploaded list of suppressions, one by one: what each asks for, or why it is refused.
// A CSV is read as it comes and never held whole.
import { csvReader, type CsvRecord, unguardFormula } from "../../lib/csv.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { Problem } from "../../model/problem.ts";
import type { NewSuppression } from "../../model/suppression.ts";
import type { BodyText } from "../body-text.ts";
import { pathText } from "../endpoint.ts";
import { type Defaults, entryFields, type Fault, requestedEntry } from "./suppression-fields.ts";

/** Where a row stood: its first line in a CSV, its index in an array. */
export type Place = { readonly line: number } | { readonly index: number };

/** A row of an upload: what it asks for, or why it is refused. */
export type Row = { readonly place: Place; readonly asked: Result<NewSuppression, Fault> };

/** Rows in their order; a problem ends them. */
export type Rows = AsyncIterable<Result<Row, Problem>> | Iterable<Result<Row, Problem>>;

/** The rows of a JSON array: texts, or objects with the fields of an entry. */
export function* jsonRows(
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

/** The rows of a CSV, with or without a header. */
export async function* csvRows(
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

// The columns of an import's file: read from its first line, and what they are said to mean.
import type { App } from "../../app.ts";
import { byteRecords } from "../../lib/csv-bytes.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { CustomField } from "../../model/custom-field.ts";
import {
  guessColumns,
  type ImportColumns,
  type ImportPlace,
  MAX_COLUMN_NAME,
  MAX_COLUMNS,
  targetOf,
} from "../../model/import.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { readFrom } from "../../store/import-file.ts";

/** Rows that the answer to an upload shows. */
const SAMPLE_ROWS = 3;

/** What the beginning of a file tells. */
export type Top = {
  readonly header: readonly string[];
  readonly start: ImportPlace;
  readonly sample: readonly (readonly string[])[];
};

/** The names of the columns, where the rows begin, and the first of them. */
export async function readTop(app: App, objectKey: string): Promise<Result<Top, Problem>> {
  const bytes = await readFrom(app.blobs, objectKey, 0);
  const place = { offset: 0, line: 1 };
  let header: { readonly names: readonly string[]; readonly start: ImportPlace } | null = null;
  const sample: (readonly string[])[] = [];
  for await (const records of bytes ? byteRecords(bytes, place) : []) {
    for (const record of records) {
      const cells = "cells" in record ? record.cells : null;
      if (header) sample.push(cells ?? []);
      else if (cells) header = { names: cells.map((cell) => cell.trim()), start: record.end };
      else return fail(invalidField("body", `line ${record.line} ${NAMES}`));
      if (sample.length === SAMPLE_ROWS) return topOf(header, sample);
    }
  }
  return topOf(header, sample);
}

const NAMES = "must have the names of the columns, as CSV in UTF-8";

function topOf(
  header: { readonly names: readonly string[]; readonly start: ImportPlace } | null,
  sample: Top["sample"],
): Result<Top, Problem> {
  if (!header) return fail(invalidField("body", `the first line ${NAMES}`));
  const { names, start: begin } = header;
  const lower = names.map((name) => name.toLowerCase());
  const twin = names.find((_, index) => lower.indexOf(lower[index] ?? "") !== index);
  if (names.length > MAX_COLUMNS) {
    return fail(invalidField("body", `has ${names.length} columns; ${MAX_COLUMNS} at most`));
  }
  if (names.some((name) => name.length > MAX_COLUMN_NAME)) {
    const reason = `names a column in more than ${MAX_COLUMN_NAME} characters`;
    return fail(invalidField("body", reason));
  }
  if (twin !== undefined) {
    return fail(invalidField("body", `names the column ${JSON.stringify(twin)} twice`));
  }
  return ok({ header: names, start: begin, sample });
}

/** What the columns are said to mean; those that are not named are guessed. */
export function columnsOf(
  header: readonly string[],
  mapping: Readonly<Record<string, string | null>>,
  fields: readonly CustomField[],
): Result<ImportColumns, Problem> {
  const names = fields.map(({ name }) => name);
  const guessed = guessColumns(header, names);
  const said = new Map(Object.entries(mapping).map(([name, to]) => [name.toLowerCase(), to]));
  for (const name of Object.keys(mapping)) {
    if (header.every((column) => column.toLowerCase() !== name.toLowerCase())) {
      return fail(invalidField(`mapping.${name}`, `is no column; they are ${header.join(", ")}`));
    }
  }
  const told = new Set(said.values());
  const columns = header.map((name, index) => {
    const own = said.get(name.toLowerCase());
    if (own !== undefined) return own;
    const guess = guessed[index] ?? null;
    return told.has(guess) ? null : guess;
  });
  for (const [index, target] of columns.entries()) {
    const path = `mapping.${header[index]}`;
    if (target === null) continue;
    const known = targetOf(target);
    const field = known?.kind === "custom_field" ? known.name.toLowerCase() : null;
    if (!known || (field !== null && names.every((name) => name.toLowerCase() !== field))) {
      const reason =
        "must be email, first_name, last_name, null or custom_fields.<name of a field>";
      return fail(invalidField(path, reason));
    }
    if (columns.indexOf(target) !== index) {
      return fail(invalidField(path, `${target} is another column already`));
    }
  }
  return columns.includes("email")
    ? ok(columns)
    : fail(invalidField("mapping", "must say which column is the email"));
}

/** Columns by their names. */
export function mappingOf(header: readonly string[], columns: ImportColumns) {
  return Object.fromEntries(header.map((name, index) => [name, columns[index] ?? null]));
}

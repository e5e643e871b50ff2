// The rows of an import's file, judged: which contacts to write, which rows are refused and why. Pure.
import type { CsvEnd, CsvRecord } from "../lib/csv.ts";
import { unguardFormula } from "../lib/csv.ts";
import { type ContactWrite, contactWrite, defaultsOf, type Values } from "../model/contact.ts";
import type { CustomField } from "../model/custom-field.ts";
import { type Import, type ImportError, type ImportSettings, targetOf } from "../model/import.ts";
import type { ImportChunk } from "../store/import-lease.ts";

/** Rows kept by one transaction, and their UTF-16 units: in UTF-8 they stay below D1's 2 MB. */
const CHUNK_ROWS = 1_000;
const CHUNK_UNITS = 400_000;

/** Units of a row in JSON beside its cells. */
const ROW_UNITS = 200;

/** What the rows are judged by. */
export type Judging = {
  readonly one: Pick<Import, "place" | "header">;
  readonly settings: ImportSettings;
  /** The active fields of the list. */
  readonly fields: readonly CustomField[];
};

/** Chunks of the rows of a file, from the import's place on. Of equal addresses in one the last row counts. */
export async function* chunks(
  records: AsyncIterable<readonly CsvRecord[]>,
  judging: Judging,
): AsyncGenerator<ImportChunk, void> {
  const defaults = defaultsOf(judging.fields);
  let chunk = begin(judging.one.place);
  for await (const some of records) {
    for (const record of some) {
      add(chunk, record, judging);
      if (chunk.rows < CHUNK_ROWS && chunk.units < CHUNK_UNITS) continue;
      yield finished(chunk, defaults);
      chunk = begin(chunk.to);
    }
  }
  if (chunk.rows > 0) yield finished(chunk, defaults);
}

type Growing = {
  readonly from: CsvEnd;
  to: CsvEnd;
  rows: number;
  units: number;
  readonly contacts: Map<string, ContactWrite>;
  readonly errors: ImportError[];
};

function begin(place: CsvEnd): Growing {
  return { from: place, to: place, rows: 0, units: 0, contacts: new Map(), errors: [] };
}

function finished({ from, to, rows, contacts, errors }: Growing, defaults: Values): ImportChunk {
  return { from, to, rows, contacts: [...contacts.values()], defaults, errors };
}

function add(chunk: Growing, record: CsvRecord, judging: Judging): void {
  chunk.to = record.end;
  chunk.rows += 1;
  const cells = "cells" in record ? record.cells : [];
  // What is quoted in JSON may double.
  chunk.units += ROW_UNITS + 2 * cells.reduce((sum, cell) => sum + cell.length, 0);
  const judged =
    "fault" in record ? { ok: false as const, error: record.fault } : contactOf(cells, judging);
  if (judged.ok) {
    chunk.contacts.delete(judged.value.email);
    chunk.contacts.set(judged.value.email, judged.value);
  } else {
    chunk.errors.push({ line: record.line, reason: judged.error, cells });
  }
}

/** What a row says of a contact; an empty cell says nothing. */
function contactOf(cells: readonly string[], { one, settings, fields }: Judging) {
  if (cells.length > one.header.length) {
    const error = `has ${cells.length} cells, more than there are columns`;
    return { ok: false as const, error };
  }
  const given: { email?: string; firstName?: string; lastName?: string } = {};
  const values: Record<string, unknown> = {};
  for (const [index, name] of settings.columns.entries()) {
    const target = name === null ? null : targetOf(name);
    const cell = unguardFormula(cells[index] ?? "").trim();
    if (!target || cell === "") continue;
    if (target.kind === "email") given.email = cell;
    else if (target.kind === "first_name") given.firstName = cell;
    else if (target.kind === "last_name") given.lastName = cell;
    else if (target.kind === "custom_field")
      values[target.name] = cellValue(cell, target.name, fields);
  }
  const { email, firstName, lastName } = given;
  return contactWrite({ email, firstName, lastName, fields: values }, fields);
}

/** Several choices stand in one cell with `|` or `,` between them, or as the export writes them, in JSON. */
function cellValue(cell: string, name: string, fields: readonly CustomField[]): unknown {
  const field = fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (field?.type !== "select_multiple_checkboxes") return cell;
  return parsedList(cell) ?? cell.split(/[|,]/).map((part) => part.trim());
}

function parsedList(cell: string): unknown {
  if (!cell.startsWith("[")) return null;
  try {
    return JSON.parse(cell);
  } catch {
    return null;
  }
}

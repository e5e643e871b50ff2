// A file of records, written record by record: CSV (RFC 4180, guarded against formulas), a JSON array or
// NDJSON, in UTF-8. Knows nothing of what the records mean.
import { csvLine } from "./csv.ts";

export const TABLE_FORMATS = ["csv", "json", "ndjson"] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** The media type of a file. */
export const TABLE_TYPES: Readonly<Record<TableFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  json: "application/json",
  ndjson: "application/x-ndjson",
};

/** How one kind of record is written: its cells in the order of the columns, or its JSON. */
export type TableShape<T> = {
  readonly columns: readonly string[];
  readonly cells: (item: T) => readonly string[];
  readonly json: (item: T) => object;
};

/** The pieces of a file, to be joined: the head, each record, the end. */
export type TableWriter<T> = {
  readonly head: string;
  /** `before` is how many records the file has already. */
  readonly record: (item: T, before: number) => string;
  readonly end: string;
};

/** A writer of one format. */
export function tableWriter<T>(format: TableFormat, shape: TableShape<T>): TableWriter<T> {
  switch (format) {
    case "csv":
      return {
        head: csvLine(shape.columns),
        record: (item) => csvLine(shape.cells(item)),
        end: "",
      };
    case "json":
      return {
        head: "[",
        record: (item, before) =>
          `${before === 0 ? "\n" : ",\n"}${JSON.stringify(shape.json(item))}`,
        end: "\n]\n",
      };
    case "ndjson":
      return { head: "", record: (item) => `${JSON.stringify(shape.json(item))}\n`, end: "" };
  }
}

/** Writes objects without depth: a column is a key, what is absent or null is an empty cell. */
export function flatShape<Column extends string>(
  columns: readonly Column[],
): TableShape<Readonly<Partial<Record<Column, unknown>>>> {
  return {
    columns,
    cells: (item) => columns.map((column) => cellText(item[column])),
    json: (item) => item,
  };
}

/** A value as the text of a cell: what is absent or null is empty, what is no text is JSON. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Files of records: each format is whole and read back as what was written, however many records it has.
import { describe, expect, it } from "vitest";
import { csvReader } from "../../src/lib/csv.ts";
import { flatShape, TABLE_FORMATS, type TableFormat, tableWriter } from "../../src/lib/table.ts";

const shape = flatShape(["name", "n", "yes", "more"]);
const RECORDS = [
  { name: "=1+1", n: -1, yes: true, more: { a: "b" } },
  { name: 'line\nbreak, "quote"', n: 0, yes: false, more: null },
  { name: "ü\u2028", n: 2 },
];

function file(format: TableFormat, records: readonly (typeof RECORDS)[number][]): string {
  const writer = tableWriter(format, shape);
  return writer.head + records.map((one, n) => writer.record(one, n)).join("") + writer.end;
}

describe("tableWriter", () => {
  it("writes CSV with a header, cells as text, objects as JSON, nothing for what is absent", () => {
    const reader = csvReader();
    const text = file("csv", RECORDS);
    expect(text.endsWith("\r\n")).toBe(true);
    expect(
      [...reader.push(text), ...reader.end()].map((one) => "cells" in one && one.cells),
    ).toEqual([
      ["name", "n", "yes", "more"],
      ["'=1+1", "'-1", "true", '{"a":"b"}'],
      ['line\nbreak, "quote"', "0", "false", ""],
      ["ü\u2028", "2", "", ""],
    ]);
  });

  it("writes a JSON array, and an empty one", () => {
    expect(JSON.parse(file("json", RECORDS))).toEqual(RECORDS);
    expect(JSON.parse(file("json", []))).toEqual([]);
  });

  it("writes NDJSON, a line for each record", () => {
    const lines = file("ndjson", RECORDS).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(RECORDS);
  });

  it("writes the same in pieces as at once, from any record on", () => {
    for (const format of TABLE_FORMATS) {
      const writer = tableWriter(format, shape);
      const resumed = tableWriter(format, shape);
      const [first = {}, ...rest] = RECORDS;
      const pieces = [writer.head, writer.record(first, 0)];
      pieces.push(...rest.map((one, n) => resumed.record(one, n + 1)), resumed.end);
      expect(pieces.join("")).toBe(file(format, RECORDS));
    }
  });
});

// CSV in and out: RFC 4180, hostile input within bounds, and cells that no spreadsheet evaluates.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  csvLine,
  csvReader,
  type CsvRecord,
  guardFormula,
  unguardFormula,
} from "../../src/lib/csv.ts";

function records(pieces: readonly string[], reader = csvReader()): readonly CsvRecord[] {
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

/** The records without the places where they end. */
function read(...pieces: readonly string[]): readonly Omit<CsvRecord, "end">[] {
  return records(pieces).map((record) => {
    const { end: _end, ...rest } = record;
    return rest;
  });
}

const faultOf = (record: object | undefined) => (record && "fault" in record ? record.fault : null);

const FORMULAS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"];

describe("csvReader", () => {
  it("reads cells, quoted ones with commas, quotes and line breaks", () => {
    expect(read('a,"b,""c""\r\nd",\r\ne\r\n')).toEqual([
      { line: 1, cells: ["a", 'b,"c"\r\nd', ""] },
      { line: 3, cells: ["e"] },
    ]);
  });

  it.each(["\r\n", "\n", "\r"])("ends lines with %j, the last one also without", (end) => {
    expect(read(`a${end}${end}b${end}c`)).toEqual([
      { line: 1, cells: ["a"] },
      { line: 3, cells: ["b"] },
      { line: 4, cells: ["c"] },
    ]);
  });

  it("reads the same whatever the pieces are", () => {
    const text = 'a,"b""\r\n,c"\r\n"d"\n,e"\r\n\r\n"f';
    const whole = read(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        expect(read(...pieces)).toEqual(whole);
      }),
    );
  });

  it("tells where each record ends, so that another reader goes on there", () => {
    const part = fc.constantFrom("a", ",", '"', '"x"', "\r\n", "\n", "\r", "ü");
    const arbitrary = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(arbitrary, fc.nat(5), (text, nth) => {
        const whole = records([text]);
        const end = whole[nth]?.end ?? { offset: 0, line: 1 };
        const afterCr = text[end.offset - 1] === "\r";
        const rest = records([text.slice(end.offset)], csvReader({ line: end.line, afterCr }));
        const told = rest.map((record) => ({
          ...record,
          end: { ...record.end, offset: record.end.offset + end.offset },
        }));
        expect(told).toEqual(whole[nth] ? whole.slice(nth + 1) : whole);
      }),
    );
    const ends = records(["a\r\nb\r\n\r\nc"]).map((record) => record.end);
    expect(ends).toEqual([
      { offset: 3, line: 2 },
      { offset: 6, line: 3 },
      { offset: 9, line: 4 },
    ]);
  });

  it("names a stray quote, and goes on at the next line", () => {
    const [first, second, third] = read('a"b,c\n"a"b\nok\n');
    expect([faultOf(first), faultOf(second)]).toEqual([
      expect.stringContaining("quote inside"),
      expect.stringContaining("quote inside"),
    ]);
    expect(third).toEqual({ line: 3, cells: ["ok"] });
  });

  it("names a quote that is never closed", () => {
    const records = read('ok\n"open,\nb\nc');
    expect(records[0]).toEqual({ line: 1, cells: ["ok"] });
    expect(records.slice(1)).toEqual([{ line: 2, fault: expect.stringContaining("never closed") }]);
  });

  it("loses at most one record's length to a quote that is never closed", () => {
    const records = read(`"open\n${"a@example.com\n".repeat(10_000)}`);
    expect(records[0]).toEqual({ line: 1, fault: expect.stringContaining("never closed") });
    expect(records.length).toBeGreaterThan(8_700);
    expect(records.at(-1)).toEqual({ line: 10_001, cells: ["a@example.com"] });
  });

  it.each([
    ["one cell", "x".repeat(64 * 1024)],
    ["many cells", ",".repeat(64 * 1024)],
    ["a quoted cell", `"${"x".repeat(64 * 1024 - 1)}`],
  ])("refuses a line of 10 MB, %s, without holding it", (_what, piece) => {
    const reader = csvReader();
    for (let n = 0; n < 160; n++) expect(reader.push(n === 0 ? piece : piece.slice(1))).toEqual([]);
    expect(reader.push("\nok\n")).toMatchObject([
      { line: 1, fault: expect.any(String) },
      { line: 2, cells: ["ok"] },
    ]);
  });

  it("keeps NUL as a character of a cell", () => {
    expect(read("a\u0000b\n")).toEqual([{ line: 1, cells: ["a\u0000b"] }]);
  });
});

describe("csvLine", () => {
  it("is read back cell by cell, for 1,000 rows", () => {
    const special = fc.constantFrom(...FORMULAS, "'", '"', ",", " ", "\u00a0", "a", "1");
    const cell = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: special }),
      fc.string({ unit: "grapheme" }),
    );
    // A record of one empty cell is an empty line, which readers pass over.
    const row = fc.array(cell, { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(row, (cells) => {
        const [record, ...more] = records([csvLine(cells)]);
        expect(more).toEqual([]);
        expect(record && "cells" in record ? record.cells.map(unguardFormula) : record).toEqual(
          cells,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(FORMULAS)("lets no cell begin with %j, also not behind spaces or apostrophes", (sign) => {
    for (const before of ["", " ", "\u00a0", "'", "''", " '"]) {
      const cell = `${before}${sign}cmd|' /C calc'!A0`;
      const guarded = guardFormula(cell);
      expect(guarded.startsWith("'")).toBe(true);
      expect(unguardFormula(guarded)).toBe(cell);
    }
  });

  it("leaves other cells as they are", () => {
    for (const cell of ["", "a@example.com", "o'brien@example.com", "'quoted'", "1-2", "a=b"]) {
      expect([guardFormula(cell), unguardFormula(cell)]).toEqual([cell, cell]);
    }
  });
});

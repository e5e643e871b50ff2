// CSV out of bytes: the same records whatever the pieces are, and every end is a place to go on from.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  byteRecords,
  type BytePlace,
  type ByteRecord,
  LEAD_BYTES,
} from "../../src/lib/csv-bytes.ts";

const START: BytePlace = { offset: 0, line: 1 };

async function* pieces(bytes: Uint8Array, cuts: readonly number[] = []) {
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (const [n, end] of places.slice(1).entries()) yield bytes.subarray(places[n], end);
}

async function read(bytes: Uint8Array, place = START, cuts?: readonly number[]) {
  const from = Math.max(0, place.offset - LEAD_BYTES);
  const found: ByteRecord[] = [];
  for await (const records of byteRecords(pieces(bytes.subarray(from), cuts), place)) {
    found.push(...records);
  }
  return found;
}

function withoutEnd(record: ByteRecord): object {
  const { end: _end, ...rest } = record;
  return rest;
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("byteRecords", () => {
  it("reads UTF-8, behind a byte order mark too, and counts bytes", async () => {
    const cells = [{ line: 1, cells: ["é", "€"], end: { offset: 7, line: 2 } }];
    expect(await read(encode("é,€\n"))).toEqual(cells);
    const marked = cells.map((record) => ({ ...record, end: { offset: 10, line: 2 } }));
    expect(await read(encode("\ufeffé,€\n"))).toEqual(marked);
    expect(await read(encode("a"))).toEqual([
      { line: 1, cells: ["a"], end: { offset: 1, line: 1 } },
    ]);
    expect(await read(new Uint8Array())).toEqual([]);
  });

  it("names bytes that are not UTF-8, and goes on", async () => {
    const bytes = new Uint8Array([0x61, 0xe9, 0x0a, 0x62, 0x0a]);
    expect(await read(bytes)).toMatchObject([
      { line: 1, fault: expect.stringContaining("UTF-8") },
      { line: 2, cells: ["b"] },
    ]);
  });

  it("reads the same in any pieces, and from the end of any record on", async () => {
    const part = fc.constantFrom("a", "é", "€", ",", '"x\n"', "\r\n", "\n", "\r", '"');
    const text = fc.array(part, { maxLength: 25 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(40)), fc.nat(6), async (written, cuts, nth) => {
        const bytes = encode(written);
        const whole = await read(bytes);
        const inside = cuts.filter((cut) => cut <= bytes.length);
        const pieced = await read(bytes, START, inside);
        // A LF at the beginning of a piece may be left for whoever goes on.
        expect(pieced.map(withoutEnd)).toEqual(whole.map(withoutEnd));
        for (const end of [whole[nth]?.end, pieced[nth]?.end]) {
          if (end) expect(await read(bytes, end)).toEqual(whole.slice(nth + 1));
        }
      }),
    );
  });
});

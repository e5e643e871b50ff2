// Line ends of foreign messages: what is right is not touched, a bare LF becomes a line end, a bare CR and
// a NUL are refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "../../../src/lib/bytes.ts";
import { lineEnd, withCrlf } from "../../../src/model/mime/lines.ts";

function mended(text: string): string {
  const result = withCrlf(utf8(text));
  return result.ok ? fromUtf8(result.value) : `refused: ${result.error}`;
}

describe("the line ends of a message", () => {
  it.each([
    ["", ""],
    ["a", "a"],
    ["\r\n", "\r\n"],
    ["a\r\nb\r\n", "a\r\nb\r\n"],
    ["\n", "\r\n"],
    ["a\nb\n", "a\r\nb\r\n"],
    ["a\r\nb\nc", "a\r\nb\r\nc"],
    ["\n\n.\n", "\r\n\r\n.\r\n"],
    ["a\n\r\n\n", "a\r\n\r\n\r\n"],
  ])("of %j become those of %j", (text, expected) => {
    expect(mended(text)).toBe(expected);
  });

  it.each([
    ["\r", "CR without LF in line 1"],
    ["a\r\nb\rc\r\n", "CR without LF in line 2"],
    ["a\r\r\n", "CR without LF in line 1"],
    ["a\nb\n\rc", "CR without LF in line 3"],
    ["a\r\nb\r", "CR without LF in line 2"],
    ["a\r\n\0", "NUL octet in line 2"],
    ["\0", "NUL octet in line 1"],
  ])("of %j are refused", (text, reason) => {
    expect(mended(text)).toContain(reason);
  });

  it("stay the very same bytes when they are right", () => {
    const bytes = utf8("a\r\n\r\nb\r\n");
    expect(withCrlf(bytes)).toEqual({ ok: true, value: bytes });
    const result = withCrlf(bytes);
    expect(result.ok && result.value === bytes).toBe(true);
  });

  it("are CRLF only, whatever comes in", () => {
    const piece = fc.constantFrom("\r", "\n", "\r\n", "a", ".", "é", "\0");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        const result = withCrlf(utf8(text));
        const fine = !/\r(?!\n)|\0/.test(text);
        expect(result.ok).toBe(fine);
        if (result.ok) expect(fromUtf8(result.value)).toBe(text.replace(/\r?\n/g, "\r\n"));
      }),
    );
  });
});

it("a line ends at its CRLF or where the bytes do", () => {
  const bytes = utf8("ab\r\n\r\nc");
  expect([0, 4, 6].map((start) => lineEnd(bytes, start, bytes.length))).toEqual([2, 4, 7]);
  expect(lineEnd(bytes, 0, 1)).toBe(1);
});

// Encoded-words as a reader sees them; postal-mime, an independent reader, agrees.
import fc from "fast-check";
import { decodeWords as readBy } from "postal-mime";
import { describe, expect, it } from "vitest";
import { textHeader } from "../../../src/compose/header.ts";
import { decodeWords } from "../../../src/model/mime/encoded-word.ts";

describe("encoded-words", () => {
  it.each([
    ["plain", "plain"],
    ["=?UTF-8?Q?gr=C3=B6=C3=9Fer?=", "größer"],
    ["=?utf-8?b?Z3LDtsOfZXI=?=", "größer"],
    ["=?iso-8859-1?q?gr=F6=DFer_x?= y", "größer x y"],
    ["=?utf-8*de?q?a?=", "a"],
    ["=?utf-8?q?a?= =?utf-8?q?b?=", "ab"],
    ["=?utf-8?q?a?=  \t =?iso-8859-1?q?b?=", "ab"],
    ["=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"],
    ["=?utf-8?b?w7Y=?= =?utf-8?q?=C3?= =?utf-8?q?=B6?=", "öö"],
    ["=?gb2312?B?xOO6ww==?=", "你好"],
    ["=?nonsense?q?a?=", "=?nonsense?q?a?="],
    ["=?utf-8?x?a?=", "=?utf-8?x?a?="],
    ["=?utf-8?q?a b?=", "=?utf-8?q?a b?="],
    ["=?utf-8?b?%%%?=", "%%%"],
    ["=?utf-8?q?a=0D=0ABcc:_b?=", "a  Bcc: b"],
    ["a\u2028b", "a b"],
    ["=?", "=?"],
  ])("of %j read %j", (text, expected) => {
    expect(decodeWords(text)).toBe(expected);
  });

  it("that we write read as what was meant", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        if (/[\p{C}\p{Z}]/u.test(text)) return;
        const field = textHeader("Subject", text).replace(/\r\n(?=[ \t])/g, "");
        const value = field.slice("Subject:".length).trim();
        expect(decodeWords(value)).toBe(text);
        expect(decodeWords(value)).toBe(readBy(value));
      }),
    );
  });

  it("take linear time", () => {
    const text = "=?utf-8?q?=C3=B6?= ".repeat(13_000);
    const started = performance.now();
    expect(decodeWords(text).trim()).toBe("ö".repeat(13_000));
    decodeWords("=?a?q?".repeat(40_000));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

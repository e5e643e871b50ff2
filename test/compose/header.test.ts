import fc from "fast-check";
import { addressParser, decodeWords } from "postal-mime";
import { describe, expect, test } from "vitest";
import { addressHeader, textHeader } from "../../src/compose/header.ts";

/** The value of one field, unfolded as RFC 5322 §2.2.3 says. */
function unfold(field: string): string {
  expect(field.endsWith("\r\n")).toBe(true);
  const line = field.replaceAll("\r\n", "");
  return line.slice(line.indexOf(": ") + 2);
}

describe("textHeader", () => {
  test.each([
    ["Hello", "Subject: Hello\r\n"],
    ["Hello  you", "Subject: Hello  you\r\n"],
    ["Grüße", "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"],
    ["日本語", "Subject: =?UTF-8?B?5pel5pys6Kqe?=\r\n"],
    ["a_b é", "Subject: =?UTF-8?Q?a=5Fb_=C3=A9?=\r\n"],
    ["=?utf-8?q?x?=", "Subject: =?UTF-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=\r\n"],
    [" outer", "Subject: =?UTF-8?Q?_outer?=\r\n"],
    ["", "Subject: \r\n"],
  ])("%j", (value, field) => {
    expect(textHeader("Subject", value)).toBe(field);
  });

  test("folds at 76 where there is a space, and gives every space back", () => {
    const value = "word  ".repeat(40).trim();
    const field = textHeader("Subject", value);
    expect(field.split("\r\n").every((line) => line.length <= 76)).toBe(true);
    expect(unfold(field)).toBe(value);
  });

  test("a structured header is folded but never encoded", () => {
    const value = `<mailto:help@example.com?subject==?help?=>, <https://example.com/${"x".repeat(100)}>`;
    expect(unfold(textHeader("List-Help", value))).toBe(value);
  });

  test("no encoded-word is over 75 and none breaks a character", () => {
    const characters = fc.constantFrom("a", " ", "é", "日", "😀", "=?", "_", "?");
    const text = fc.array(characters, { maxLength: 200 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 70 }), (value, length) => {
        const field = textHeader("X".repeat(length), value);
        for (const line of field.split("\r\n")) expect(line.length).toBeLessThanOrEqual(76);
        for (const [word, , encoded = ""] of field.matchAll(/=\?UTF-8\?([QB])\?([^?]*)\?=/g)) {
          expect(word.length).toBeLessThanOrEqual(75);
          expect(decodeWords(word)).not.toContain("\ufffd");
          expect(encoded).not.toBe("");
        }
        if (value.trim() === value) expect(decodeWords(unfold(field))).toBe(value);
      }),
    );
  });
});

describe("addressHeader", () => {
  test.each([
    ["", "From: a@example.com\r\n"],
    ["Jo Doe", "From: Jo Doe <a@example.com>\r\n"],
    ["Doe, Jo", 'From: "Doe, Jo" <a@example.com>\r\n'],
    ['"\\', 'From: "\\"\\\\" <a@example.com>\r\n'],
    ["b@evil.example", 'From: "b@evil.example" <a@example.com>\r\n'],
    [
      "=?utf-8?q?b=40evil?=",
      "From: =?UTF-8?Q?=3D=3Futf-8=3Fq=3Fb=3D40evil=3F=3D?= <a@example.com>\r\n",
    ],
    ["Jürgen", "From: =?UTF-8?Q?J=C3=BCrgen?= <a@example.com>\r\n"],
  ])("%j", (name, field) => {
    expect(addressHeader("From", [{ address: "a@example.com", name }])).toBe(field);
  });

  test("a thousand people stay a thousand, on lines of 76", () => {
    const people = Array.from({ length: 1000 }, (_, index) => ({
      address: `user${index}@example.com`,
      name: ["", "Jo Doe", "Doe, Jo", "Jürgen", "日本語の名前"][index % 5] ?? "",
    }));
    const field = addressHeader("To", people);
    expect(field.split("\r\n").every((line) => line.length <= 76)).toBe(true);
    const parsed = addressParser(unfold(field)).map(({ address, name }) => ({
      address,
      name: decodeWords(name),
    }));
    expect(parsed).toEqual(people);
  });
});

// A header cut into fields: every byte belongs to one of them, folds are undone, and what two readers
// could read differently is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "../../../src/lib/bytes.ts";
import {
  MAX_FIELDS,
  MAX_HEADER_BYTES,
  repeatedField,
  splitHeader,
  valueOf,
} from "../../../src/model/mime/fields.ts";

function split(text: string | Uint8Array) {
  const bytes = typeof text === "string" ? utf8(text) : text;
  return splitHeader(bytes, 0, bytes.length);
}

function fieldsOf(text: string | Uint8Array) {
  const header = split(text);
  if (!header.ok) throw new Error(header.error);
  return header.value.fields.map(({ name, value }) => [name, value]);
}

describe("a header", () => {
  it("is cut into names and unfolded values", () => {
    const header = "Subject: a\r\n b\r\n\tc \r\nX-Y :z\r\nEmpty:\r\n\r\nBody: no\r\n";
    expect(fieldsOf(header)).toEqual([
      ["subject", "a b c"],
      ["x-y", "z"],
      ["empty", ""],
    ]);
  });

  it.each([
    ["", 0],
    ["\r\n", 2],
    ["A: b", 4],
    ["A: b\r\n", 6],
    ["A: b\r\n\r\n", 8],
    ["A: b\r\n\r\nx", 8],
  ])("of %j ends at %i", (text, bodyStart) => {
    expect(split(text)).toMatchObject({ ok: true, value: { bodyStart } });
  });

  it("is read as UTF-8, else as Windows-1252", () => {
    expect(fieldsOf("S: größer\r\n")).toEqual([["s", "größer"]]);
    expect(fieldsOf(Uint8Array.of(0x53, 0x3a, 0xf6))).toEqual([["s", "ö"]]);
  });

  it.each([
    ["a line without a colon", "A: b\r\nno field\r\n\r\n"],
    ["an mbox line", "From x@example.com Sat Nov 21 10:00\r\nA: b\r\n\r\n"],
    ["a fold before the first field", " A: b\r\n\r\n"],
    ["a name with a space in it", "A B: c\r\n\r\n"],
    ["an empty name", ": c\r\n\r\n"],
    ["a name with an umlaut", "Ä: c\r\n\r\n"],
    ["a line over 998 octets", `A: ${"x".repeat(996)}\r\n\r\n`],
    ["a continuation over 998 octets", `A: b\r\n ${"x".repeat(998)}\r\n\r\n`],
    ["too many fields", "A: b\r\n".repeat(MAX_FIELDS + 1)],
    ["too many bytes", `A: ${"x".repeat(900)}\r\n`.repeat(MAX_HEADER_BYTES / 900)],
    ["one endless field", `A: b\r\n${` ${"x".repeat(900)}\r\n`.repeat(MAX_HEADER_BYTES / 900)}`],
  ])("with %s is refused", (_name, text) => {
    expect(split(text).ok).toBe(false);
  });

  it("takes a line of 998 octets and as many fields as the limit", () => {
    expect(split(`A: ${"x".repeat(995)}\r\n\r\n`).ok).toBe(true);
    expect(split("A: b\r\n".repeat(MAX_FIELDS)).ok).toBe(true);
  });

  it("loses no byte: the fields follow each other from its begin to the empty line", () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/);
    const word = fc.stringMatching(/^[!-~é]{1,10}$/);
    const value = fc.array(word, { maxLength: 4 }).map((words) => words.join("\r\n\t"));
    const fields = fc.array(fc.tuple(name, value), { maxLength: 8 });
    fc.assert(
      fc.property(fields, fc.string(), (list, body) => {
        const text = list.map(([name, value]) => `${name}: ${value}\r\n`).join("");
        const bytes = utf8(`${text}\r\n${body}`);
        const header = splitHeader(bytes, 0, bytes.length);
        if (!header.ok) throw new Error(header.error);
        const cut = header.value.fields.map(({ start, end }) => bytes.subarray(start, end));
        expect(cut.map(fromUtf8).join("")).toBe(text);
        expect(header.value.bodyStart).toBe(utf8(text).length + 2);
        const values = header.value.fields.map(({ name, value }) => [name, value]);
        expect(values).toEqual(
          list.map(([name, value]) => [name.toLowerCase(), value.replaceAll("\r\n\t", " ")]),
        );
      }),
    );
  });

  it("takes linear time", () => {
    const header = `A: ${"=?".repeat(400)}\r\n`.repeat(300);
    const started = performance.now();
    expect(split(header).ok).toBe(true);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

it("a field that may stand once is found when it stands twice, any other is not", () => {
  const of = (text: string) => {
    const header = split(text);
    return header.ok ? repeatedField(header.value) : header.error;
  };
  expect(of("From: a\r\nfrom : b\r\n")).toBe("from");
  expect(of("Subject: a\r\nTo: b\r\nSUBJECT: c\r\n")).toBe("subject");
  expect(of("Received: a\r\nReceived: b\r\nBcc: a\r\nBcc: b\r\n")).toBeNull();
});

it("the value of a field is that of its first", () => {
  const header = split("Received: a\r\nReceived: b\r\n");
  expect(header.ok && valueOf(header.value, "received")).toBe("a");
  expect(header.ok && valueOf(header.value, "date")).toBeNull();
});

// Transfer encodings: what was encoded comes back, what is damaged is read as mail programs read it.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { encode, wrap } from "nodemailer/lib/qp";
import { describe, expect, it } from "vitest";
import { concat, fromUtf8, hex, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { base64Lines, quotedPrintableLines } from "../../../src/compose/mime.ts";
import { decodeTransfer, transferEncodingOf } from "../../../src/model/mime/transfer.ts";

const quoted = (text: string) => fromUtf8(decodeTransfer(utf8(text), "quoted-printable"));
const base64 = (text: string) => fromUtf8(decodeTransfer(utf8(text), "base64"));

describe("quoted-printable", () => {
  it.each([
    ["a=3Db", "a=b"],
    ["=c3=A4", "ä"],
    ["a=\r\nb", "ab"],
    ["a=  \t\r\nb", "ab"],
    ["a \t\r\nb", "a\r\nb"],
    ["a=20\r\n", "a \r\n"],
    ["a=", "a"],
    ["a=0D=0Ab", "a\r\nb"],
    ["=G1=1", "=G1=1"],
    ["==3D", "=="],
    ["a\nb=\nc", "a\nbc"],
    ["", ""],
  ])("%j is %j", (text, expected) => {
    expect(quoted(text)).toBe(expected);
  });

  it("that we write comes back, whatever the octets of its lines", () => {
    const octet = fc.integer({ min: 0, max: 255 }).filter((one) => one !== 10 && one !== 13);
    const lines = fc.array(
      fc
        .uint8Array({ maxLength: 100 })
        .map((line) => line.filter((one) => one !== 10 && one !== 13)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(lines, octet, (list, last) => {
        const bytes = concat(list.flatMap((line) => [line, Uint8Array.of(last, 13, 10)]));
        const written = concat([...quotedPrintableLines(bytes)]);
        expect(hex(decodeTransfer(written, "quoted-printable"))).toBe(hex(bytes));
        expect(
          fromUtf8(written)
            .split("\r\n")
            .every((line) => line.length <= 76),
        ).toBe(true);
      }),
    );
  });

  it("is written in pieces as it is at once", () => {
    const bytes = utf8("größer und länger\r\n".repeat(9_000));
    expect(fromUtf8(concat([...quotedPrintableLines(bytes)]))).toBe(
      wrap(encode(Buffer.from(bytes))),
    );
  });
});

describe("base64", () => {
  it.each([
    ["YWJj", "abc"],
    ["YW\r\nJj\r\n", "abc"],
    ["YWI=", "ab"],
    ["YWI", "ab"],
    ["YWI=YWI=", "abab"],
    ["Y!W*J-j", "abc"],
    ["Y", ""],
    ["", ""],
  ])("%j is %j", (text, expected) => {
    expect(base64(text).slice(0, expected.length)).toBe(expected);
  });

  it("that we write comes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const written = concat([...base64Lines(bytes)]);
        expect(hex(decodeTransfer(written, "base64"))).toBe(hex(bytes));
        expect(hex(decodeTransfer(utf8(toBase64(bytes)), "base64"))).toBe(hex(bytes));
      }),
    );
  });
});

it("identity is the same memory", () => {
  const bytes = utf8("=41");
  expect(decodeTransfer(bytes, "identity")).toBe(bytes);
});

it.each([
  [null, "identity"],
  ["7BIT", "identity"],
  ["8bit", "identity"],
  ["Binary", "identity"],
  ["Quoted-Printable", "quoted-printable"],
  ["BASE64", "base64"],
  ["x-uuencode", null],
  ["", null],
])("the field %j names %s", (field, encoding) => {
  expect(transferEncodingOf(field)).toBe(encoding);
});

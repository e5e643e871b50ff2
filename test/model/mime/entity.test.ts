// A message as its receivers judge it: texts, lengths, line ends.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { readEntity } from "../../../src/model/mime/entity.ts";

function lines(...all: readonly string[]): Uint8Array {
  return utf8(all.map((line) => `${line}\r\n`).join(""));
}

const NESTED = lines(
  "Subject: Hello",
  'Content-Type: multipart/mixed; boundary="outer"',
  "",
  "preamble",
  "--outer",
  "Content-Type: multipart/alternative;",
  " boundary=inner",
  "",
  "--inner",
  "Content-Type: text/plain; charset=iso-8859-1",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Gr=FC=DFe =",
  "an alle",
  "--inner ",
  "Content-Type: text/html; charset=UTF-8",
  "Content-Transfer-Encoding: BASE64",
  "",
  toBase64(utf8("<p>Grüße</p>")),
  "--inner--",
  "epilogue",
  "--outer",
  "Content-Type: text/html",
  "Content-Disposition: attachment; filename=a.html",
  "",
  "<p>attached</p>",
  "--outer",
  "Content-Type: application/pdf",
  "",
  "--inner",
  "",
  "--outer--",
);

describe("a message", () => {
  it("shows the texts that a reader sees, decoded", () => {
    const { texts, header } = readEntity([NESTED]);
    expect(texts).toEqual([
      { type: "text/plain", text: "Grüße an alle", bytes: 13 },
      { type: "text/html", text: "<p>Grüße</p>", bytes: 14 },
    ]);
    expect(header.ok && header.value.fields.map(({ name }) => name)).toEqual([
      "subject",
      "content-type",
    ]);
  });

  it("is the same in whatever chunks it comes", () => {
    const whole = readEntity([NESTED]);
    fc.assert(
      fc.property(fc.array(fc.nat(NESTED.length)), (cuts) => {
        const ends = [...cuts, NESTED.length].toSorted((a, b) => a - b);
        const chunks = ends.map((end, index) => NESTED.subarray(ends[index - 1] ?? 0, end));
        expect(readEntity(chunks)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("never throws, and counts every octet", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, (body) => {
        const message = concat([NESTED.subarray(0, 300), body]);
        expect(readEntity([message]).size).toBe(message.length);
      }),
    );
  });

  it.each([
    ["a: b\r\n\r\nx\r\n", 4, 0],
    ["a: b\r\n\r\nlonger", 6, 0],
    ["a: b\r\n\r\nx\ny\r\n", 4, 1],
    ["a: b\r\n\r\nx\ry\r\n", 4, 1],
    ["a: b\r\n\r\nx\r\r\n\n", 4, 2],
  ])("%j has a longest line of %i octets, and %i bare line ends", (text, longest, bare) => {
    const entity = readEntity([utf8(text)]);
    expect([entity.longestLine, entity.bareLineEnds]).toEqual([longest, bare]);
  });

  it("without a body has an empty text, and without anything has none", () => {
    expect(readEntity([utf8("Subject: x\r\n")]).texts).toEqual([
      { type: "text/plain", text: "", bytes: 0 },
    ]);
    expect(readEntity([]).size).toBe(0);
  });

  it("is read for texts in its first 16 MB, and measured whole", () => {
    const head = lines("Content-Type: multipart/mixed; boundary=a", "", "--a", "", "Hello", "--a");
    const body = utf8(
      `Content-Type: application/pdf\r\n\r\n${`${"x".repeat(998)}\r\n`.repeat(17_000)}`,
    );
    const late = lines(
      "--a",
      "Content-Type: text/html",
      "",
      "<p>late</p>",
      "x".repeat(999),
      "--a--",
    );
    const entity = readEntity([head, body, late]);
    expect(entity.texts.map(({ text }) => text)).toEqual(["Hello"]);
    expect([entity.size, entity.longestLine]).toEqual([
      head.length + body.length + late.length,
      999,
    ]);
  });

  it("says why its header cannot be read", () => {
    expect(readEntity([utf8("no field\r\n\r\nx\r\n")]).header).toMatchObject({ ok: false });
  });
});

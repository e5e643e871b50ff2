// The parts of foreign messages: every one is found where it stands, as postal-mime finds it.
import fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { concat, fromUtf8, hex, utf8 } from "../../../src/lib/bytes.ts";
import type { RawMessage } from "../../../src/model/message.ts";
import {
  allParts,
  isContainer,
  parseStructure,
  type Part,
} from "../../../src/model/mime/structure.ts";
import { decodeTransfer } from "../../../src/model/mime/transfer.ts";
import { sampleArbitrary } from "./arbitrary.ts";
import { lines, MIXED } from "./written.ts";

function partsOf(raw: RawMessage): readonly Part[] {
  const root = parseStructure(raw);
  if (!root.ok) throw new Error(`${root.error.section}: ${root.error.reason}`);
  return allParts(root.value);
}

const shown = (raw: RawMessage) =>
  partsOf(raw).map(({ section, type, bodyStart, bodyEnd }) => [
    section,
    type,
    fromUtf8(raw.body.subarray(bodyStart, bodyEnd)),
  ]);

describe("the structure of a message", () => {
  it("is one part without a Content-Type", () => {
    expect(shown(lines("Subject: x", "", "Hello", ""))).toEqual([["", "text/plain", "Hello\r\n"]]);
  });

  it("is what stands between the delimiters", () => {
    const raw = lines(
      MIXED,
      "",
      "pre",
      "--b",
      "A: b",
      "",
      "one",
      "--b \t",
      "",
      "",
      "two",
      "--b--",
      "end",
      "",
    );
    expect(shown(raw).slice(1)).toEqual([
      ["1", "text/plain", "one"],
      ["2", "text/plain", "\r\ntwo"],
    ]);
  });

  it("has parts without a header, without a body, and without an end", () => {
    expect(
      shown(lines(MIXED, "", "--b", "--b", "", "--b", "X: y", "--b", "X: y")).slice(1),
    ).toEqual([
      ["1", "text/plain", ""],
      ["2", "text/plain", ""],
      ["3", "text/plain", ""],
      ["4", "text/plain", ""],
    ]);
  });

  it("takes no line for a delimiter that only looks like one", () => {
    const raw = lines(
      MIXED,
      "",
      "--b",
      "",
      "--bb",
      "--b-",
      "--b--x",
      " --b",
      "-b",
      "--b --",
      "--b--",
    );
    expect(shown(raw)[1]?.[2]).toBe("--bb\r\n--b-\r\n--b--x\r\n --b\r\n-b\r\n--b --");
  });

  it("ends an inner multipart that has no end with the outer one", () => {
    const inner = [
      "Content-Type: multipart/alternative; boundary=bb",
      "",
      "--bb",
      "",
      "one",
      "--bb",
      "",
      "two",
    ];
    expect(shown(lines(MIXED, "", "--b", ...inner, "--b", "", "three", "--b--"))).toMatchObject([
      ["", "multipart/mixed", expect.any(String)],
      ["1", "multipart/alternative", expect.any(String)],
      ["1.1", "text/plain", "one"],
      ["1.2", "text/plain", "two"],
      ["2", "text/plain", "three"],
    ]);
  });

  it("goes on into attached messages and marks what a change would break", () => {
    const signed = "Content-Type: multipart/signed; boundary=s";
    const attached = [
      "Content-Type: message/rfc822",
      "",
      "From: x@y.test",
      "Content-Type: text/html",
      "",
      "<p>",
    ];
    const parts = partsOf(
      lines(
        MIXED,
        "",
        "--b",
        signed,
        "",
        "--s",
        "",
        "text",
        "--s",
        "",
        "sig",
        "--s--",
        "--b",
        ...attached,
        "--b--",
      ),
    );
    const places = parts.map(({ section, type, place }) => [
      section,
      type,
      place.sealed,
      place.attached,
    ]);
    expect(places).toEqual([
      ["", "multipart/mixed", false, false],
      ["1", "multipart/signed", false, false],
      ["1.1", "text/plain", true, false],
      ["1.2", "text/plain", true, false],
      ["2", "message/rfc822", false, false],
      ["2.1", "text/html", false, true],
    ]);
  });

  it("is found as it was written, and as postal-mime reads it", async () => {
    await fc.assert(
      fc.asyncProperty(sampleArbitrary, async ({ message, leaves }) => {
        const found = partsOf(message).filter((part) => !isContainer(part));
        const octets = (part: Part) =>
          decodeTransfer(message.body.subarray(part.bodyStart, part.bodyEnd), part.encoding);
        // The last line end of a message without parts is its own.
        const trimmed = (bytes: Uint8Array) => hex(bytes).replace(/(?:0d0a)+$/, "");
        expect(found.map((part) => [part.type, part.names, trimmed(octets(part))])).toEqual(
          leaves.map(({ type, fileName, octets }) => [
            type,
            fileName === null ? [] : [fileName],
            trimmed(octets),
          ]),
        );
        const mail = await PostalMime.parse(concat([message.header, utf8("\r\n"), message.body]));
        const files = leaves.filter(({ fileName }) => fileName !== null);
        const read = mail.attachments.filter(({ filename }) => filename !== null);
        expect(read.map(({ filename, content }) => [filename, asHex(content)])).toEqual(
          files.map(({ fileName, octets }) => [fileName, hex(octets)]),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("covers every byte once: parts lie inside each other or apart", () => {
    fc.assert(
      fc.property(sampleArbitrary, ({ message }) => {
        const walk = (part: Part): void => {
          let at = part.bodyStart;
          for (const child of part.children) {
            expect(child.headerStart).toBeGreaterThanOrEqual(at);
            expect(child.bodyStart).toBeGreaterThanOrEqual(child.headerStart);
            expect(child.bodyEnd).toBeGreaterThanOrEqual(child.bodyStart);
            at = child.bodyEnd;
            walk(child);
          }
          expect(at).toBeLessThanOrEqual(part.bodyEnd);
        };
        const root = parseStructure(message);
        if (root.ok) walk(root.value);
      }),
      { numRuns: 100 },
    );
  });

  it("of any bytes is found or refused, never an exception", () => {
    const piece = fc.constantFrom(
      "--b",
      "--b--",
      "\r\n",
      "x",
      MIXED,
      "\r\n\r\n",
      ":",
      '"',
      "--",
      "A: b",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        parseStructure({ header: utf8(`${MIXED}\r\n`), body: utf8(pieces.join("")) });
      }),
      { numRuns: 500 },
    );
  });
});

function asHex(content: string | ArrayBuffer | Uint8Array): string {
  return hex(typeof content === "string" ? utf8(content) : new Uint8Array(content));
}

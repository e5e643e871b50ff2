// Structures that readers could find differently, and those that are deeper or broader than mail, are refused;
// in linear time.
import { describe, expect, it } from "vitest";
import type { RawMessage } from "../../../src/model/message.ts";
import { MAX_DEPTH, MAX_PARTS, parseStructure } from "../../../src/model/mime/structure.ts";
import { lines, MIXED, rawOf } from "./written.ts";

function faultOf(raw: RawMessage): string {
  const root = parseStructure(raw);
  return root.ok ? "fine" : `${root.error.section}: ${root.error.reason}`;
}

describe("a structure that is refused", () => {
  it.each([
    [
      "a multipart without a boundary",
      lines("Content-Type: multipart/mixed", "", "x"),
      "no boundary",
    ],
    [
      "an empty boundary",
      lines('Content-Type: multipart/mixed; boundary=""', "", "--", ""),
      "no boundary",
    ],
    [
      "two boundaries",
      lines(`${MIXED}; boundary=c`, "", "--b", "", "x", "--b--"),
      "two boundaries",
    ],
    ["a multipart without parts", lines(MIXED, "", "text", ""), "without parts"],
    ["a multipart that only ends", lines(MIXED, "", "--b--", ""), "without parts"],
    [
      "the boundary of the part around it",
      lines(MIXED, "", "--b", MIXED, "", "--b", "", "x", "--b--", "--b--"),
      "1: has the boundary of a part around it",
    ],
    [
      "an encoded multipart",
      lines(MIXED, "Content-Transfer-Encoding: base64", "", "--b", "", "x", "--b--"),
      "may not be encoded as base64",
    ],
    [
      "an encoded attached message",
      lines(
        MIXED,
        "",
        "--b",
        "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: base64",
        "",
        "x",
        "--b--",
      ),
      "1: is message/rfc822",
    ],
    [
      "an unknown transfer encoding",
      lines("Content-Transfer-Encoding: x-uuencode", "", "x"),
      "Content-Transfer-Encoding",
    ],
    [
      "two types",
      lines(MIXED, "", "--b", "Content-Type: a/b", "content-type: c/d", "", "x", "--b--"),
      "1: has two",
    ],
    [
      "a type whose quote does not end",
      lines('Content-Type: text/plain; charset="x', "", "x"),
      "do not end",
    ],
    [
      "a part header that is none",
      lines(MIXED, "", "--b", "no field", "", "x", "--b--"),
      "1: has a line",
    ],
  ])("%s", (_name, raw, reason) => {
    expect(faultOf(raw)).toContain(reason);
  });

  it("is deeper or broader than mail", () => {
    const nested = (depth: number) => {
      const open = Array.from({ length: depth }, (_, n) => [
        `Content-Type: multipart/mixed; boundary=b${n}x`,
        "",
        `--b${n}x`,
      ]).flat();
      return lines(...open, "", "x", "");
    };
    expect(faultOf(nested(MAX_DEPTH))).toBe("fine");
    expect(faultOf(nested(MAX_DEPTH + 1))).toContain("nested over");
    expect(faultOf(nested(10_000))).toContain("nested over");
    const broad = (parts: number) =>
      lines(MIXED, "", ...Array.from({ length: parts }, () => "--b\r\n"));
    expect(faultOf(broad(MAX_PARTS - 1))).toBe("fine");
    expect(faultOf(broad(MAX_PARTS))).toContain("parts");
    expect(faultOf(broad(100_000))).toContain("parts");
  });

  it("is told in linear time, whatever 1 MB holds", () => {
    const hostile = [
      `${MIXED}\r\n\r\n${"--b\r\n".repeat(200_000)}`,
      `${MIXED}\r\n\r\n${"--c\r\n".repeat(200_000)}`,
      `${MIXED}\r\n\r\n${"--".repeat(500_000)}`,
      `${MIXED}\r\n\r\n${"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(20_000)}`,
      `Content-Type: text/plain${"; a=b".repeat(180)}\r\n\r\n`,
      `Content-Type: text/plain; ${'"'.repeat(900)}\r\n\r\n`,
      `Content-Type: text/plain; ${"(".repeat(900)}\r\n\r\n`,
    ];
    for (const text of hostile) {
      const started = performance.now();
      parseStructure(rawOf(text));
      expect(performance.now() - started).toBeLessThan(400);
    }
  });
});

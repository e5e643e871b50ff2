// What may stand in a header: texts of one line, and the own headers of the safe list (contract 1.3).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  headerTextFault,
  isStructuredHeader,
  ownHeaderFault,
  toHeaderText,
} from "../../src/model/header.ts";

const ONE_LINE = "must be one line without control characters";

describe("headerTextFault", () => {
  it.each(["", "plain", "tab\tinside", "Grüße 💌", "a\u00a0b", "=?utf-8?Q?x?=", "a: b"])(
    "allows %j",
    (text) => {
      expect(headerTextFault(text)).toBeNull();
    },
  );

  it("refuses every control character but the tab, and the Unicode line ends", () => {
    const controls = [...Array(32).keys(), 0x7f, ...Array.from({ length: 32 }, (_, n) => 0x80 + n)];
    for (const code of [...controls, 0x2028, 0x2029]) {
      const fault = headerTextFault(`a${String.fromCharCode(code)}b`);
      expect([code, fault]).toEqual([code, code === 9 ? null : ONE_LINE]);
    }
  });

  it("refuses half a surrogate pair", () => {
    expect(headerTextFault("a\ud83d")).toContain("surrogate");
    expect(headerTextFault("\udc8ca")).toContain("surrogate");
  });
});

describe("toHeaderText", () => {
  const units = fc
    .array(fc.integer({ min: 0, max: 0xffff }))
    .map((codes) => String.fromCharCode(...codes));

  it("makes any text one that is allowed, and leaves an allowed one alone", () => {
    fc.assert(
      fc.property(units, (text) => {
        expect(headerTextFault(toHeaderText(text))).toBeNull();
        if (headerTextFault(text) === null) expect(toHeaderText(text)).toBe(text);
      }),
    );
  });
});

describe("ownHeaderFault", () => {
  it.each([
    ["X-Campaign", "Grüße"],
    ["x-a", ""],
    [`X-${"a".repeat(68)}`, "1"],
    ["List-Help", "<mailto:help@example.com>"],
    ["references", "<a@b>"],
    ["In-Reply-To", "<a@b>"],
    ["Auto-Submitted", "auto-generated"],
    ["Precedence", "bulk"],
    ["X-Long", "v".repeat(900)],
  ])("allows %s: %j", (name, value) => {
    expect(ownHeaderFault(name, value)).toBeNull();
  });

  it.each([
    ["From", "a@b"],
    ["Bcc", "a@b"],
    ["bcc", "a@b"],
    ["Subject", "x"],
    ["Sender", "x"],
    ["Return-Path", "<a@b>"],
    ["DKIM-Signature", "v=1"],
    ["Received", "x"],
    ["Content-Type", "text/html"],
    ["MIME-Version", "1.0"],
    ["Message-ID", "<a@b>"],
    ["List-Owner", "<https://x>"],
    ["X-", "x"],
    ["X", "x"],
    ["", "x"],
    ["X-A:", "x"],
    ["X A", "x"],
    ["X-Ä", "x"],
    ["X-A\r\nBcc", "x"],
    [`X-${"a".repeat(69)}`, "1"],
    ["X-A", "a\r\nBcc: b@c"],
    ["X-A", "a\u0000"],
    ["X-A", "v".repeat(901)],
    ["X-A", "\ud83d"],
    ["List-Help", "<https://ex.com/ü>"],
    ["References", "<a@b>\t<c@d>"],
    ["constructor", "x"],
  ])("refuses %j: %j", (name, value) => {
    expect(ownHeaderFault(name, value)).toEqual(expect.any(String));
  });
});

describe("isStructuredHeader", () => {
  it("knows the names in any case", () => {
    expect(["LIST-HELP", "precedence", "X-Precedence"].map(isStructuredHeader)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

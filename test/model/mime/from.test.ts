// The From field of foreign messages: one mailbox, or a refusal. Whoever reads it must see the same sender.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFrom } from "../../../src/model/mime/from.ts";

describe("a From field", () => {
  it.each([
    ["a@example.com", "a@example.com", ""],
    ["<a@example.com>", "a@example.com", ""],
    ["Ann <a@example.com>", "a@example.com", "Ann"],
    ['"Doe, Ann" <a@example.com>', "a@example.com", "Doe, Ann"],
    ['"Ann \\"X\\" (y)" <a@example.com>', "a@example.com", 'Ann "X" (y)'],
    ["a@example.com (Cron Daemon)", "a@example.com", "Cron Daemon"],
    ["Ann (the (second)) <a@example.com> (x)", "a@example.com", "Ann"],
    ["=?UTF-8?Q?J=C3=B6rg?= <a@example.com>", "a@example.com", "Jörg"],
    ["=?utf-8?b?SsO2cmc=?= <a@EXAMPLE.com>", "a@example.com", "Jörg"],
    ["Jörg <a@bücher.example>", "a@xn--bcher-kva.example", "Jörg"],
    ["=?utf-8?q?evil=40evil.test?= <a@example.com>", "a@example.com", "evil@evil.test"],
  ])("of %j is %s", (field, address, name) => {
    expect(parseFrom(field)).toEqual({ ok: true, value: { address, name } });
  });

  it.each([
    "",
    "Ann",
    "a@example.com, b@evil.test",
    "<a@example.com>, <b@evil.test>",
    "<a@example.com> <b@evil.test>",
    "a@example.com <b@evil.test>",
    "Team: a@example.com, b@evil.test;",
    "undisclosed-recipients:;",
    "<@evil.test:a@example.com>",
    "a@example.com b@evil.test",
    '"a@example.com <b@evil.test>',
    "a@example.com (b",
    "a@example.com )",
    '"a b"@example.com',
    "Acme, Inc. <a@example.com>",
    "a@[127.0.0.1]",
    "a@localhost",
    `${"x".repeat(256)} <a@example.com>`,
    "<a@example.com",
    "a@example.com>",
  ])("of %j is refused", (field) => {
    expect(parseFrom(field).ok).toBe(false);
  });

  it("that is taken names no second address outside of quotes and comments", () => {
    const piece = fc.constantFrom(
      "a@ok.test",
      "b@evil.test",
      "<",
      ">",
      '"',
      "(",
      ")",
      ",",
      " ",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const from = parseFrom(pieces.join(""));
        if (!from.ok) return;
        const visible = pieces
          .join("")
          .replace(/\\./g, "")
          .replace(/"[^"]*"/g, "")
          .replace(/\([^()]*\)/g, "")
          .replace(/\([^()]*\)/g, "");
        expect((visible.match(/@/g) ?? []).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });
});

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { REPLY_LIMITS, ReplyReader, replyText } from "../../../src/deliver/smtp/reply.ts";
import type { Reply } from "../../../src/deliver/smtp/transaction.ts";

/** Pushes the pieces and takes what is complete after each; a problem ends the list. */
function read(...pieces: readonly (string | Uint8Array)[]): (Reply | string)[] {
  const reader = new ReplyReader();
  const seen: (Reply | string)[] = [];
  for (const piece of pieces) {
    reader.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    for (;;) {
      const taken = reader.take();
      if (!taken.ok) return [...seen, taken.error];
      if (taken.value === null) break;
      seen.push(taken.value);
    }
  }
  return seen;
}

it("reads replies of one and of several lines", () => {
  expect(read("220 hello\r\n250-a\r\n250-b\r\n250 c\r\n")).toEqual([
    { code: 220, enhanced: null, lines: ["hello"] },
    { code: 250, enhanced: null, lines: ["a", "b", "c"] },
  ]);
});

it("reads the same replies however the bytes are cut", () => {
  const text = "250-2.1.0 a\r\n250 2.1.0 é\r\n354\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n";
  const bytes = new TextEncoder().encode(text);
  const whole = read(bytes);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const pieces = borders.slice(1).map((end, i) => bytes.slice(borders[i], end));
      expect(read(...pieces)).toEqual(whole);
    }),
  );
});

it("never throws and never keeps more than the limits, whatever arrives", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
      for (const reply of read(...pieces)) {
        if (typeof reply === "string") continue;
        expect(reply.code).toBeGreaterThanOrEqual(200);
        expect(reply.code).toBeLessThan(600);
        expect(reply.lines.length).toBeLessThanOrEqual(REPLY_LIMITS.lines);
      }
    }),
  );
});

it.for([
  ["250 2.1.5 Ok", "2.1.5"],
  ["250 2.1.5", "2.1.5"],
  ["550 5.1.1\tno", "5.1.1"],
  ["550-first\r\n550 5.7.26 later line", "5.7.26"],
  ["550 5.1.1000 no", null],
  ["550 5.1 no", null],
  ["550 see 5.1.1", null],
  ["451 5.7.3 contradiction", null],
  ["354 3.0.0 go", null],
] as const)("finds the enhanced code of %j", ([text, enhanced]) => {
  expect(read(`${text}\r\n`)).toMatchObject([{ enhanced }]);
});

it.for([
  "hello",
  "",
  "25 x",
  "2500 x",
  "250_x",
  "150 x",
  "600 x",
  "260 x",
  " 250 x",
  "250-a\r\n251 b",
  "250-a\r\nb",
  "250-a\r\n550-b",
])("calls %j no reply", (text) => {
  const seen = read(`${text}\r\n250 ok\r\n`);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toBeTypeOf("string");
});

it("stops at each limit while the bytes arrive, before a line end", () => {
  const limit = REPLY_LIMITS.line;
  expect(read(`250 ${"x".repeat(limit - 4)}\r\n`)).toMatchObject([{ code: 250 }]);
  expect(read(`250 ${"x".repeat(limit)}`)[0]).toBeTypeOf("string");
  const long = `250-${"x".repeat(limit - 4)}\r\n`;
  expect(read(long.repeat(33))[0]).toBe("a reply that is too long");
  expect(read("250-x\r\n".repeat(101))[0]).toBe("a reply of too many lines");
});

it("says whether bytes are left over", () => {
  const reader = new ReplyReader();
  reader.push(new TextEncoder().encode("250 ok\r\n2"));
  expect(reader.take()).toMatchObject({ ok: true, value: { code: 250 } });
  expect(reader.pending).toBe(true);
});

it("gives a reply as one bounded line", () => {
  expect(replyText({ code: 550, enhanced: null, lines: ["a", "b"] })).toBe("550 a b");
  expect(replyText({ code: 250, enhanced: null, lines: [""] })).toBe("250");
  const long = replyText({ code: 550, enhanced: null, lines: ["x".repeat(2_000)] });
  expect(long).toHaveLength(200);
});

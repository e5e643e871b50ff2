import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ruleText } from "../../src/model/bounce-rule.ts";
import {
  ADDRESS_RULES,
  MAYBE_ALIVE,
  NOT_THE_RECIPIENT,
  ROOM_RULES,
} from "../../src/model/bounce-rules-address.ts";
import {
  BLOCK_RULES,
  POLICY_RULES,
  SENDER_RULES,
  TEMPORARY_RULES,
} from "../../src/model/bounce-rules-block.ts";
import { classify } from "../../src/model/bounce-rules.ts";
import { relayWords } from "../../src/model/relay-words.ts";
import { bounceType, isBounceCode } from "../../src/model/bounce.ts";
import { REPLIES, replyOf } from "./replies.ts";

const RULES = [
  ...ADDRESS_RULES,
  ...ROOM_RULES,
  ...SENDER_RULES,
  ...BLOCK_RULES,
  ...POLICY_RULES,
  ...TEMPORARY_RULES,
];

describe("the table of real replies", () => {
  it.each(REPLIES.map((row) => ({ ...row, words: relayWords(row.reply, 120) })))(
    "$code for $provider: $words",
    ({ code, reply }) => {
      expect(classify(reply)).toBe(code);
    },
  );

  it("has at least 120 lines and no line twice", () => {
    const lines = REPLIES.map(({ reply }) => relayWords(reply));
    expect(lines.length).toBeGreaterThanOrEqual(120);
    expect(new Set(lines).size).toBe(lines.length);
  });
});

describe("the rules", () => {
  it.each(RULES)("match the reply that asked for them: $seen", ({ pattern, seen, code }) => {
    expect(ruleText(replyOf(seen))).toMatch(pattern);
    expect(classify(replyOf(seen))).toBe(code);
  });

  it("are linear: no open-ended repetition anywhere", () => {
    const patterns = [...RULES.map((rule) => rule.pattern), ...NOT_THE_RECIPIENT, MAYBE_ALIVE];
    for (const { source } of patterns) {
      const bare = source.replaceAll(/\\.|\[[^\]]*\]/gu, "x");
      expect(bare).not.toMatch(/[*+]|\{\d+,\}/u);
      // A repetition with a wide bound inside a repeated group would multiply.
      expect(bare).not.toMatch(/\}[^()]*\)\{/u);
    }
  });
});

describe("classify", () => {
  const words = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.constantFrom(...RULES.map((rule) => rule.seen)),
  );
  const replies = fc.record({
    code: fc.integer({ min: 400, max: 599 }),
    enhanced: fc.option(fc.constantFrom("5.1.1", "4.1.1", "5.1.2", "5.7.1", "4.2.2", "5.0.0")),
    lines: fc.array(words, { maxLength: 5 }),
  });

  it("never calls an address bad because of a temporary refusal", () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const code = classify({ ...reply, code: 400 + (reply.code % 100) });
        expect(bounceType(code)).toBe("s");
      }),
    );
  });

  it("always answers a code of the contract, hard or soft", () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const code = classify(reply);
        expect(isBounceCode(code)).toBe(true);
        expect(bounceType(code)).not.toBe("o");
      }),
    );
  });

  it("does not let an address or a link decide", () => {
    const local = fc.constantFrom("user-unknown", "spam", "no.such.user", "over-quota", "virus");
    const path = fc.constantFrom("spam", "user-unknown", "relay-denied", "mailbox-full");
    fc.assert(
      fc.property(local, path, (name, page) => {
        const lines = [`<${name}@example.com>: refused, see https://example.com/${page}`];
        expect(classify({ code: 550, enhanced: null, lines })).toBe(40);
      }),
    );
  });

  it("answers long replies made to make matching explode", () => {
    const nasty = [
      "a".repeat(70_000),
      "@".repeat(70_000),
      "a@".repeat(35_000),
      "user ".repeat(14_000),
      "mailbox size exceed ".repeat(3_500),
      "https://".repeat(9_000),
      "relay to ".repeat(8_000),
      "not ".repeat(17_000),
    ];
    // Exponential matching would not end before the test's time-out.
    const codes = nasty.map((line) => classify({ code: 550, enhanced: null, lines: [line] }));
    expect(codes.every((code) => code !== 10)).toBe(true);
  });
});

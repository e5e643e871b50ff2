// The rule of repeated soft bounces (1.9.3, A-050).
import { describe, expect, it } from "vitest";
import { countsAsSoft, isRepeated } from "../../src/model/soft-bounce.ts";

const DAY = 24 * 60 * 60 * 1000;
const RULE = { count: 3, days: 3 };

/** `s` is a soft bounce, `+` a success, each at so many days. */
function outcomes(text: string): { at: number; soft: boolean }[] {
  return text
    .split(" ")
    .filter((one) => one !== "")
    .map((one) => ({ at: Number(one.slice(1)) * DAY, soft: one.startsWith("s") }));
}

describe("isRepeated", () => {
  it.each([
    ["s0 s1 s3", true],
    ["s0 s3", false],
    ["s0 s1 s2.99", false],
    ["s0 s1 s2 s3", true],
    ["s0 +1 s2 s3", false],
    ["+0 s1 s2 s4", true],
    ["s0 s1 +2 s3 s4 s6", true],
    ["s0 s1 +2 s3 s4 s5.9", false],
    ["s0 s1 s3 +4", false],
    ["", false],
    ["+0", false],
  ])("of %j is %s, in any order", (text, expected) => {
    expect(isRepeated(outcomes(text), RULE)).toBe(expected);
    expect(isRepeated(outcomes(text).toReversed(), RULE)).toBe(expected);
  });

  it("follows the account's rule", () => {
    expect(isRepeated(outcomes("s0"), { count: 1, days: 0 })).toBe(true);
    expect(isRepeated(outcomes("s0 s0"), { count: 2, days: 0 })).toBe(true);
    expect(isRepeated(outcomes("s0 s1 s3"), { count: 4, days: 3 })).toBe(false);
    expect(isRepeated(outcomes("s0 s1 s3 s9"), { count: 0, days: 0 })).toBe(false);
  });
});

describe("countsAsSoft", () => {
  it("takes soft bounces, and no other code", () => {
    for (const code of [20, 22, 23, 40, 50, 52, 55]) {
      expect(countsAsSoft(code, "in the dialogue")).toBe(true);
    }
    for (const code of [0, 10, 60, 70, 1, -1]) expect(countsAsSoft(code, "late")).toBe(false);
  });

  it("does not blame the recipient for our relay's trouble, but for what a later server met", () => {
    for (const code of [21, 29, 59, 110]) {
      expect([countsAsSoft(code, "in the dialogue"), countsAsSoft(code, "late")]).toEqual([
        false,
        true,
      ]);
    }
  });
});

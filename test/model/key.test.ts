// The format of API keys (decision 2): every key that was made is known by its family, and no typo ever
// passes, so that none costs a database read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { familyOf, hintOf, KEY_FAMILIES, makeKey } from "../../src/model/key.ts";

const key = fc.constantFrom(...KEY_FAMILIES).map(makeKey);
const character = fc.string({ minLength: 1, maxLength: 1, unit: "binary" });
const RUNS = { numRuns: 2_000 };

describe("makeKey", () => {
  it.each([
    ["kasplo", "ep_live"],
    ["kasapost", "kp_live"],
    ["audience", "au_live"],
    ["mailing_lists", "ml_live"],
  ] as const)("makes a %s key as %s_<43 characters>_<6 characters>", (family, prefix) => {
    const made = makeKey(family);
    expect(made).toMatch(new RegExp(`^${prefix}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`));
    expect(familyOf(made)).toBe(family);
  });

  it("never makes the same key twice", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => makeKey("kasplo"))).size).toBe(1_000);
  });
});

describe("familyOf", () => {
  it("knows every key that was made", () => {
    fc.assert(fc.property(key, (made) => familyOf(made) !== null));
  });

  it("refuses one wrong character anywhere", () => {
    const wrong = (made: string, at: number, other: string) => {
      const typo = made.slice(0, at) + other + made.slice(at + 1);
      return typo === made || familyOf(typo) === null;
    };
    fc.assert(fc.property(key, fc.nat(57), character, wrong), RUNS);
    fc.assert(
      fc.property(key, fc.nat(57), fc.constantFrom("0", "O", "o", "l", "I", "1", "k", "e"), wrong),
      RUNS,
    );
  });

  it("refuses two neighbours that were swapped", () => {
    fc.assert(
      fc.property(key, fc.nat(56), (made, at) => {
        const swapped =
          made.slice(0, at) + made.charAt(at + 1) + made.charAt(at) + made.slice(at + 2);
        return swapped === made || familyOf(swapped) === null;
      }),
      RUNS,
    );
  });

  it("refuses a character that is missing, and one too many", () => {
    fc.assert(
      fc.property(key, fc.nat(58), character, (made, at, extra) => {
        const longer = made.slice(0, at) + extra + made.slice(at);
        const shorter = made.slice(0, at) + made.slice(at + 1);
        return familyOf(longer) === null && (shorter === made || familyOf(shorter) === null);
      }),
      RUNS,
    );
  });

  it("refuses a key in another case, and with white space around it", () => {
    const made = makeKey("kasplo");
    const forms = [made.toUpperCase(), made.toLowerCase(), ` ${made}`, `${made} `, `${made}\n`];
    expect(forms.map(familyOf)).toEqual([null, null, null, null, null]);
  });

  it("refuses any other text", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => familyOf(text) === null));
    for (const text of ["", "ep_live_", "ep_test_x", "ep_live", "constructor", "__proto__"]) {
      expect(familyOf(text)).toBeNull();
    }
  });
});

describe("hintOf", () => {
  it("shows the prefix and the last four characters only", () => {
    fc.assert(
      fc.property(key, (made) => hintOf(made) === `${made.slice(0, 7)}_…${made.slice(-4)}`),
    );
  });
});

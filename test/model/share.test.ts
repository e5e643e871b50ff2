// Whose a waiting delivery is, and where the round of shares goes on.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { lastServed, shareOf, SHARES } from "../../src/model/share.ts";

describe("shareOf", () => {
  it("is one share for all transactional mail", () => {
    expect(shareOf({ mailClass: "transactional", keyId: "one" })).toBe(0);
    expect(shareOf({ mailClass: "transactional", keyId: "two" })).toBe(0);
  });

  it("is FNV-1a of the key, the same for ever", () => {
    // Published vectors of 32-bit FNV-1a: a is e40c292c, foobar is bf9cf968.
    expect(shareOf({ mailClass: "marketing", keyId: "a" })).toBe(0xe40c292c % SHARES);
    expect(shareOf({ mailClass: "marketing", keyId: "foobar" })).toBe(0xbf9cf968 % SHARES);
  });

  it("keeps the keys of an account apart", () => {
    const shares = Array.from({ length: 100 }, (_, n) =>
      shareOf({ mailClass: "marketing", keyId: uuidv7(Date.UTC(2026, 10, 21) + n) }),
    );
    expect(new Set(shares).size).toBeGreaterThan(95);
  });
});

describe("lastServed", () => {
  it.each([
    [5, [], 5],
    [5, [6, 9], 9],
    [5, [9, 6, 2], 2],
    [5, [5, 4], 5],
    [0, [65_535, 1], 65_535],
  ])("of a round after %i that brought %j is %i", (from, brought, last) => {
    expect(lastServed(from, brought)).toBe(last);
  });

  it("is one of what was brought, and nothing that was brought comes after it", () => {
    const share = fc.nat(SHARES - 1);
    fc.assert(
      fc.property(share, fc.array(share, { minLength: 1 }), (from, brought) => {
        const last = lastServed(from, brought);
        const inOrder = [...brought].sort((a, b) => place(from, a) - place(from, b));
        expect(last).toBe(inOrder.at(-1));
      }),
    );
  });
});

/** Where a share stands in the round that begins after `from`. */
function place(from: number, share: number): number {
  return share > from ? share : share + SHARES;
}

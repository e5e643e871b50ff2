// The reputation policy of new domains (F-224): twice as many each UTC day, less while mail fails, then free.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dailyCap, WARM_DAYS } from "../../src/model/reputation.ts";

const DAY = 24 * 60 * 60 * 1000;
const SINCE = Date.UTC(2026, 10, 21, 23, 59);

describe("dailyCap", () => {
  it("is 50, 100, 200, … by the UTC day, and nothing after two weeks", () => {
    const days = Array.from({ length: WARM_DAYS + 1 }, (_, n) =>
      dailyCap(SINCE, SINCE + n * DAY, 1),
    );
    expect(days.slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(days.at(-1)).toBeNull();
    expect(dailyCap(SINCE, SINCE + 60_000, 1)).toBe(100);
  });

  it("is never none and never more than a healthy domain's, whatever the pace and the clock", () => {
    const pace = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: -30 * DAY, max: 60 * DAY }), pace, (age, slow) => {
        const cap = dailyCap(SINCE, SINCE + age, slow);
        const healthy = dailyCap(SINCE, SINCE + age, 1);
        if (healthy === null) expect(cap).toBeNull();
        else {
          expect(cap).toBeGreaterThanOrEqual(1);
          expect(cap).toBeLessThanOrEqual(healthy);
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { nextWebhookTry, WEBHOOK_WAITS_MS } from "../../src/notify/backoff.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("nextWebhookTry", () => {
  it("makes ten tries over 75 h 35 min when the dice are fair", () => {
    const delays = Array.from({ length: 10 }, (_, made) => {
      const next = nextWebhookTry({ tries: made + 1, retryAfterMs: null, random: 0.5 });
      return next === "exhausted" ? next : next.delayMs;
    });
    expect(delays).toEqual([...WEBHOOK_WAITS_MS, "exhausted"]);
    const total = WEBHOOK_WAITS_MS.reduce((sum, wait) => sum + wait, 0);
    expect(total).toBe(75 * HOUR + 35 * MINUTE + 5_000);
  });

  it("stays within ±10 % of its schedule", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), random, (tries, random) => {
        const next = nextWebhookTry({ tries, retryAfterMs: null, random });
        const wait = WEBHOOK_WAITS_MS[tries - 1] ?? Number.NaN;
        if (next === "exhausted") throw new Error("too early");
        expect(next.delayMs).toBeGreaterThanOrEqual(wait * 0.9);
        expect(next.delayMs).toBeLessThanOrEqual(wait * 1.1);
      }),
    );
  });

  it("honours Retry-After exactly between 1 s and 24 h, and bounds it otherwise", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), random, (retryAfterMs, random) => {
        const next = nextWebhookTry({ tries: 3, retryAfterMs, random });
        const delayMs = Math.min(Math.max(retryAfterMs, 1_000), 24 * HOUR);
        expect(next).toEqual({ delayMs });
      }),
    );
  });

  it("ignores a Retry-After that is no number", () => {
    const next = nextWebhookTry({ tries: 1, retryAfterMs: Number.NaN, random: 0.5 });
    expect(next).toEqual({ delayMs: 5_000 });
  });

  it("is exhausted after ten tries even if the receiver asks for more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 1_000 }), (tries) => {
        expect(nextWebhookTry({ tries, retryAfterMs: 1_000, random: 0 })).toBe("exhausted");
      }),
    );
  });
});

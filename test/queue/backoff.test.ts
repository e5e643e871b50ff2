import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { QUEUE_LIFETIME_MS } from "../../src/model/delivery.ts";
import {
  DELIVERY_WAITS_MS,
  LATER_DELIVERY_WAIT_MS,
  nextAttempt,
  putAside,
} from "../../src/queue/backoff.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ACCEPTED = 1_738_908_430_000;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** How long an attempt takes: at most the 10 min that promise (b) leaves for the last one. */
const duration = fc.integer({ min: 0, max: 10 * MINUTE });

/** Every time at which a delivery is tried that always fails, the first at acceptance. */
function attemptsOf(rolls: readonly (readonly [random: number, duration: number])[]): number[] {
  const times = [ACCEPTED];
  for (const [random, duration] of rolls) {
    const now = (times.at(-1) ?? ACCEPTED) + duration;
    const next = nextAttempt({
      attempts: times.length,
      expiresAt: ACCEPTED + QUEUE_LIFETIME_MS,
      now,
      random,
    });
    if (next === "give-up") return times;
    times.push(next.at);
  }
  throw new Error("the delivery never gave up");
}

describe("nextAttempt", () => {
  it("follows the schedule of decision 10 when the dice are fair", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempts) => {
      const delivery = {
        attempts,
        expiresAt: ACCEPTED + QUEUE_LIFETIME_MS,
        now: ACCEPTED,
        random: 0.5,
      };
      const next = nextAttempt(delivery);
      return next === "give-up" ? next : (next.at - ACCEPTED) / MINUTE;
    });
    expect(waits).toEqual([5, 15, 30, 60, 120, 240, 240]);
  });

  it("stays within ±10 % of it, and uses the whole spread", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), random, (attempts, random) => {
        const next = nextAttempt({
          attempts,
          expiresAt: ACCEPTED + QUEUE_LIFETIME_MS,
          now: ACCEPTED,
          random,
        });
        const wait = DELIVERY_WAITS_MS[attempts - 1] ?? LATER_DELIVERY_WAIT_MS;
        if (next === "give-up") throw new Error("too early");
        expect(next.at - ACCEPTED).toBeGreaterThanOrEqual(wait * 0.9);
        expect(next.at - ACCEPTED).toBeLessThanOrEqual(wait * 1.1);
      }),
    );
    const early = nextAttempt({
      attempts: 6,
      expiresAt: ACCEPTED + QUEUE_LIFETIME_MS,
      now: ACCEPTED,
      random: 0,
    });
    const late = nextAttempt({
      attempts: 6,
      expiresAt: ACCEPTED + QUEUE_LIFETIME_MS,
      now: ACCEPTED,
      random: 0.9999,
    });
    expect([early, late]).toEqual([
      { at: ACCEPTED + 3.6 * HOUR },
      { at: expect.toSatisfy((at: number) => at > ACCEPTED + 4.39 * HOUR) },
    ]);
  });

  it("moves only forward and ends within the lifetime and 10 min, the last try at its very end", () => {
    const rolls = fc.array(fc.tuple(random, duration), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(rolls, (rolls) => {
        const times = attemptsOf(rolls);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        const end = ACCEPTED + QUEUE_LIFETIME_MS;
        expect(times.filter((at) => at >= end).length).toBeLessThanOrEqual(1);
        // Or its last attempt began before the end and ran beyond it.
        expect(times.at(-1)).toBeGreaterThanOrEqual(end - 10 * MINUTE);
        expect(times.at(-1)).toBeLessThanOrEqual(end);
        // 5 short waits, then 72 h in steps of 3.6 h to 4 h 24 + 10 min.
        expect(times.length).toBeGreaterThanOrEqual(20);
        expect(times.length).toBeLessThanOrEqual(27);
      }),
    );
  });

  it("gives up when the lifetime is over, and not a millisecond before", () => {
    const end = ACCEPTED + QUEUE_LIFETIME_MS;
    const delivery = { attempts: 1, expiresAt: ACCEPTED + QUEUE_LIFETIME_MS, random: 0.5 };
    expect(nextAttempt({ ...delivery, now: end - 1 })).toEqual({ at: end });
    expect(nextAttempt({ ...delivery, now: end })).toBe("give-up");
  });
});

describe("putAside", () => {
  it("leaves a relay in use for two failures, then pauses it 30 s, doubling to 10 min", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(putAside);
    expect(pauses).toEqual([
      null,
      null,
      null,
      30_000,
      60_000,
      120_000,
      240_000,
      480_000,
      600_000,
      600_000,
    ]);
  });

  it("never shrinks and never passes 10 min, however often it failed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1_000_000 }), (failures) => {
        const pause = putAside(failures) ?? 0;
        expect(pause).toBeGreaterThanOrEqual(putAside(failures - 1) ?? 0);
        expect(pause).toBeLessThanOrEqual(600_000);
      }),
    );
  });
});

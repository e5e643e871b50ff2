// Rates and spans.
import { describe, expect, it } from "vitest";
import { COUNTERS, type Counts, keptSince, ratesOf, spanStart } from "../../src/model/stats.ts";
import { countsOf } from "../../src/model/stats-rollup.ts";

function counts(some: Partial<Counts>): Counts {
  return { ...countsOf([]), ...some };
}

describe("ratesOf", () => {
  it("is null where there is nothing to divide by, never 0/0", () => {
    const none = { delivery: null, bounce: null, complaint: null };
    expect(ratesOf(counts({}))).toEqual({ ...none, open: null, click: null, unsubscribe: null });
  });

  it("puts delivered and bounced among what ended, the rest among what was delivered", () => {
    const some = counts({
      accepted: 100,
      delivered: 80,
      bounced_hard: 8,
      bounced_soft: 4,
      bounced_other: 3,
      late_bounces: 2,
      expired: 5,
      suppressed: 7,
      complaints: 1,
      unsubscribes: 2,
      opens: 90,
      opens_unique: 40,
      clicks: 30,
      clicks_unique: 20,
    });
    expect(ratesOf(some)).toEqual({
      delivery: 0.8,
      bounce: 0.15,
      complaint: 0.0125,
      open: 0.5,
      click: 0.25,
      unsubscribe: 0.025,
    });
  });

  it("is 0 when all bounced, and may be above 1 when yesterday's mail is opened today", () => {
    expect(ratesOf(counts({ bounced_hard: 3 }))).toMatchObject({
      delivery: 0,
      bounce: 1,
      open: null,
    });
    expect(ratesOf(counts({ delivered: 1, opens_unique: 2 })).open).toBe(2);
  });

  it("is rounded to a millionth", () => {
    expect(ratesOf(counts({ delivered: 3, complaints: 1 })).complaint).toBe(0.333333);
  });
});

describe("spans", () => {
  const at = Date.UTC(2026, 10, 21, 23, 59, 59, 999);

  it("are whole hours and days of UTC", () => {
    expect(spanStart("hour", at)).toBe(Date.UTC(2026, 10, 21, 23));
    expect(spanStart("day", at)).toBe(Date.UTC(2026, 10, 21));
    expect(spanStart("hour", at + 1)).toBe(at + 1);
  });

  it("are kept for 62 and 750 days", () => {
    const { hour, day } = keptSince(at);
    expect([at - hour, at - day]).toEqual([62 * 86_400_000, 750 * 86_400_000]);
  });
});

it("keeps the order in which counters are stored", () => {
  expect(COUNTERS.slice(0, 3)).toEqual(["accepted", "delivered", "deferrals"]);
  expect(COUNTERS).toHaveLength(17);
});

// The arithmetic of the buckets by values. All interleavings are walked in purse.test.ts.
import { describe, expect, it } from "vitest";
import { lease, LEASE_MS, type Source } from "../../src/check/quota.ts";
import type { Limits } from "../../src/model/plan.ts";

const START = Date.UTC(2026, 10, 21, 10);
const DAY = 86_400_000;
const NO_SPARE = { day: 0, tokens: 0 };
const LIMITS: Limits = { perSecond: 10, burst: 50, daily: null };

/** An object with one bucket. */
function object(limits: Limits, at = START) {
  let sources: readonly Source[] = [{ limits, bucket: null }];
  let now = at;
  return {
    pass(ms: number) {
      now += ms;
    },
    ask(sizes: readonly number[], surplus = 0, spare = NO_SPARE) {
      const { buckets, grant } = lease(sources, { sizes, surplus, spare }, now);
      sources = buckets.map((bucket) => ({ limits, bucket }));
      return grant;
    },
    bucket: () => sources[0]?.bucket,
  };
}

describe("a bucket", () => {
  it("gives a rested sender its burst and nothing more", () => {
    const one = object(LIMITS);
    expect(one.ask([50]).asked).toBe(50);
    expect(one.ask([1]).asked).toBe(0);
  });

  it("fills by the rate, to the token, and never over its burst", () => {
    const one = object(LIMITS);
    one.ask([50]);
    one.pass(99);
    expect(one.ask([1]).asked).toBe(0);
    one.pass(1);
    expect(one.ask([1]).asked).toBe(1);
    one.pass(3_600_000);
    expect([one.ask([51]).asked, one.ask([50]).asked]).toEqual([0, 50]);
  });

  it("loses nothing of the rate to frequent questions", () => {
    const one = object({ perSecond: 7, burst: 50, daily: null });
    one.ask([50]);
    let asked = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      one.pass(1);
      asked += one.ask([1]).asked;
    }
    expect(asked).toBe(70);
  });

  it("grants each request whole or not at all, first come first", () => {
    expect(object(LIMITS).ask([30, 30, 20, 1]).asked).toBe(50);
    expect(object(LIMITS).ask([51, 2]).asked).toBe(2);
  });

  it("counts a day from midnight to midnight UTC", () => {
    const one = object({ ...LIMITS, daily: 60 }, Date.UTC(2026, 10, 21, 23, 59, 50));
    expect([one.ask([50]).asked, one.ask([]).midnightMs]).toEqual([50, 10_000]);
    one.pass(9_000);
    expect([one.ask([11]).asked, one.ask([10]).asked, one.ask([1]).asked]).toEqual([0, 10, 0]);
    one.pass(1_000);
    expect([one.ask([50]).asked, one.ask([]).midnightMs]).toEqual([50, DAY]);
  });

  it("fills more slowly at a slower pace, but by one a second at least", () => {
    const spent = { level: 0, at: START, day: Math.floor(START / DAY), used: 0, held: [] };
    const after = (pace: number, limits: Limits) =>
      lease([{ limits, bucket: spent, pace }], askFor([]), START + 4_000).grant.buckets[0]?.level;
    expect([after(1, LIMITS), after(0.5, LIMITS), after(0.01, LIMITS)]).toEqual([40, 20, 4]);
  });

  it("gives from two buckets what both have", () => {
    const sources = [
      { limits: LIMITS, bucket: null },
      { limits: { perSecond: 1, burst: 3, daily: 2 }, bucket: null },
    ];
    const { grant, buckets } = lease(sources, { sizes: [1, 1, 1], surplus: 9, spare: NO_SPARE }, 0);
    expect([grant.asked, grant.surplus]).toEqual([2, 0]);
    expect(buckets.map(({ level, used }) => [level, used])).toEqual([
      [48_000, 2],
      [1_000, 2],
    ]);
  });

  it("starts again from a clock that was set back, and never begins a day twice", () => {
    const one = object({ ...LIMITS, daily: 60 }, START + DAY);
    one.ask([50]);
    one.pass(-DAY);
    expect([one.ask([1]).asked, one.bucket()?.used]).toEqual([0, 50]);
    one.pass(5_000);
    expect([one.ask([11]).asked, one.ask([10]).asked]).toEqual([0, 10]);
  });

  it("is cut to a smaller burst when the limits are lowered", () => {
    const { buckets } = lease([{ limits: LIMITS, bucket: null }], askFor([]), START);
    const [bucket = null] = buckets;
    const lower = { ...LIMITS, burst: 5 };
    expect(lease([{ limits: lower, bucket }], askFor([6]), START).grant.asked).toBe(0);
    expect(lease([{ limits: lower, bucket }], askFor([5]), START).grant.asked).toBe(5);
  });
});

function askFor(sizes: readonly number[]) {
  return { sizes, surplus: 0, spare: NO_SPARE };
}

describe("the surplus", () => {
  it("shrinks to what is asked as the limit comes near", () => {
    const one = object({ perSecond: 1, burst: 100, daily: null });
    const given = Array.from({ length: 8 }, () => one.ask([1], 1_000).surplus);
    // A quarter of what is left, half of the bucket at most.
    expect(given).toEqual([24, 18, 8, 0, 0, 0, 0, 0]);
    one.pass(LEASE_MS + 300);
    const later = Array.from({ length: 20 }, () => one.ask([1], 1_000).surplus);
    expect(later.at(-1)).toBe(0);
    expect(later.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(50);
  });

  it("is nothing for whoever asks for more than there is", () => {
    expect(object(LIMITS).ask([40, 20], 100)).toMatchObject({ asked: 40, surplus: 0 });
  });

  it("takes room in the bucket until nobody can spend it any more", () => {
    const one = object(LIMITS);
    expect(one.ask([], 12).surplus).toBe(12);
    one.pass(1_200);
    expect(one.ask([]).buckets[0]?.level).toBe(38);
    one.pass(50);
    expect(one.ask([]).buckets[0]?.level).toBe(38);
    one.pass(1_200);
    expect(one.ask([]).buckets[0]?.level).toBe(50);
  });

  it("ends with the day", () => {
    const one = object(LIMITS, Date.UTC(2026, 10, 21, 23, 59, 59, 600));
    expect(one.ask([1], 10).lifeMs).toBe(400);
  });

  it("is charged to the day once, though it was leased and not spent", () => {
    const one = object({ perSecond: 1_000, burst: 1_000, daily: 100 });
    expect(one.ask([], 20)).toMatchObject({ surplus: 20 });
    const spare = { day: Math.floor(START / DAY), tokens: 15 };
    expect(one.ask([10], 0, spare)).toMatchObject({ asked: 10, spare: { tokens: 5 } });
    expect(one.bucket()?.used).toBe(20);
    expect(one.ask([10], 0, { ...spare, tokens: 5 })).toMatchObject({ spare: { tokens: 0 } });
    expect(one.bucket()?.used).toBe(25);
    // What was spared yesterday is of no use today.
    expect(one.ask([1], 0, { day: spare.day - 1, tokens: 5 }).spare).toEqual({
      day: spare.day,
      tokens: 0,
    });
    expect(one.bucket()?.used).toBe(26);
  });
});

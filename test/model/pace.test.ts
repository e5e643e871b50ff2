// How the account is slowed down and recovers (F-020): by values and a walk of a bad hour.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/model/event.ts";
import {
  FULL_PACE,
  factorAt,
  observed,
  type Outcomes,
  outcomesOf,
  type Pace,
  trouble,
} from "../../src/model/pace.ts";

const START = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

function outcomes(minute: number, change: Partial<Outcomes>): Outcomes {
  const at = START + minute * MINUTE;
  return { minute: at, attempts: 0, deferred: 0, bounced: 0, complained: 0, ...change };
}

/** The pace after each minute told what happened in it; `factors` are those right after each. */
function walk(told: readonly Partial<Outcomes>[]): { pace: Pace; factors: readonly number[] } {
  let pace = FULL_PACE;
  const factors = told.map((change, minute) => {
    pace = observed(pace, [outcomes(minute, change)], START + minute * MINUTE + 30_000);
    return Number(factorAt(pace, START + minute * MINUTE + 30_000).toFixed(4));
  });
  return { pace, factors };
}

const GOOD = { attempts: 1_000 };
const BAD = { attempts: 1_000, bounced: 200 };

describe("the pace", () => {
  it("is the plan's while mail is wanted", () => {
    expect(walk(Array.from({ length: 20 }, () => GOOD)).factors).toEqual(Array(20).fill(1));
  });

  it.each([
    [{ attempts: 1_000, bounced: 101 }, "101 of 1000 attempts in 15 minutes were bounced"],
    [{ attempts: 1_000, deferred: 501 }, "501 of 1000 attempts in 15 minutes were deferred"],
    [{ attempts: 1_000, complained: 4 }, "4 of 1000 attempts in 15 minutes were complained of"],
  ])("is halved by %j, and tells why", (change, why) => {
    const { pace, factors } = walk([change]);
    expect(factors).toEqual([0.5]);
    expect(trouble(pace, START + 30_000)).toBe(why);
  });

  it.each([
    [{ attempts: 1_000, bounced: 100, complained: 3, deferred: 500 }],
    // Too few to say anything.
    [{ attempts: 99, bounced: 99 }],
  ])("is not halved by %j", (change) => {
    expect(walk([change]).factors).toEqual([1]);
  });

  it("is halved again only when 15 minutes did not help, and never below an eighth", () => {
    const { factors } = walk(Array.from({ length: 80 }, () => BAD));
    const steps = factors.flatMap((factor, minute) =>
      factor === factors[minute - 1] ? [] : [[minute, factor]],
    );
    expect(steps).toEqual([
      [0, 0.5],
      [15, 0.25],
      [30, 0.125],
    ]);
  });

  it("recovers by a tenth of the plan's rate each minute once the bad minutes are over", () => {
    const { factors } = walk([BAD, ...Array.from({ length: 25 }, () => GOOD)]);
    // 200 of 2,000 attempts are no more than a tenth; from then on it grows.
    expect(factors.slice(0, 8)).toEqual([0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1]);
  });

  it("recovers without news when the bad minutes are 15 minutes old", () => {
    const { pace } = walk([BAD]);
    expect(factorAt(pace, START + 14 * MINUTE)).toBe(0.5);
    expect(factorAt(pace, START + 16 * MINUTE)).toBe(1);
  });

  it("passes over what is older than the window, and minutes of a clock that is ahead", () => {
    const pace = observed(FULL_PACE, [outcomes(-20, BAD), outcomes(5, BAD)], START);
    expect([pace.factor, pace.minutes]).toEqual([1, []]);
  });

  it("adds up what is told of a minute in pieces", () => {
    const half = outcomes(0, { attempts: 60, bounced: 20 });
    const pace = observed(observed(FULL_PACE, [half], START), [half], START + 1_000);
    expect([pace.factor, pace.minutes]).toEqual([
      0.5,
      [outcomes(0, { attempts: 120, bounced: 40 })],
    ]);
  });

  it("stays within an eighth and one, and remembers 15 minutes at most, whatever is told", () => {
    const news = fc.record({
      after: fc.nat(20 * MINUTE),
      attempts: fc.nat(500),
      deferred: fc.nat(500),
      bounced: fc.nat(500),
      complained: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 60 }), (list) => {
        let pace = FULL_PACE;
        let now = START;
        for (const { after, ...change } of list) {
          now += after;
          const minute = Math.floor(now / MINUTE) * MINUTE;
          pace = observed(pace, [{ minute, ...change }], now);
          expect(factorAt(pace, now)).toBeGreaterThanOrEqual(0.125);
          expect(factorAt(pace, now)).toBeLessThanOrEqual(1);
          expect(pace.minutes.length).toBeLessThanOrEqual(15);
        }
      }),
    );
  });
});

describe("outcomesOf", () => {
  const base = {
    id: "e",
    at: START,
    messageId: "m",
    position: 0,
    email: "a@example.com",
    tags: "",
    sendId: "",
    listId: "",
  };
  const attempt = (status: "success" | "failure" | "failure_toolong" | "deferral"): LogEntry => {
    const more = { from: "s@edgepost.test", injectedAt: START, text: "" };
    return { ...base, ...more, name: "delivery_attempt", status };
  };
  const bounce = (deliveredAt: number | null): LogEntry => {
    const more = { bounceType: "h", bounceCode: 10, text: "", deliveredAt } as const;
    return { ...base, ...more, name: "bounce_all" };
  };

  it("counts attempts, what they came to, late bounces and complaints by the minute of their commit", () => {
    const entries = [
      attempt("success"),
      attempt("failure"),
      bounce(null),
      attempt("deferral"),
      attempt("failure_toolong"),
      bounce(START - 1),
      { ...base, name: "spam_complaint" as const },
      { ...base, name: "unsubscribe" as const },
    ];
    const position = (minute: number) => (START + minute * MINUTE + 59_000) * 1_000;
    expect(
      outcomesOf([
        { position: position(0), entries },
        { position: position(1), entries: [attempt("success")] },
        { position: position(2), entries: [{ ...base, name: "unsubscribe" }] },
      ]),
    ).toEqual([
      outcomes(0, { attempts: 4, deferred: 1, bounced: 2, complained: 1 }),
      outcomes(1, { attempts: 1 }),
    ]);
  });
});

// The daily limit of a pool that is new to a group of recipient domains.
import { describe, expect, it } from "vitest";
import { NO_OUTCOMES } from "../../src/deliver/slow-down.ts";
import { lease, viewOf } from "../../src/deliver/throttle.ts";
import { NEW_THROTTLE } from "../../src/deliver/throttle-state.ts";
import { allowanceAt, nextStep, warmUpAt } from "../../src/deliver/warm-up.ts";
import { DEFAULT_THROTTLE } from "../../src/model/throttle.ts";

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2026, 10, 21, 10);
const TODAY = Math.floor(START / DAY);

describe("the curve", () => {
  it("starts at 50 and doubles until nothing holds it back", () => {
    expect([0, 1, 2, 9, 14, 15, 99].map(allowanceAt)).toEqual([
      50,
      100,
      200,
      25_600,
      819_200,
      null,
      null,
    ]);
  });

  it.each([
    ["all went well and enough was sent", { sent: 100, attempts: 100, deferred: 5, bounced: 2 }, 2],
    ["too little was sent to tell", { sent: 49, attempts: 49, deferred: 0, bounced: 0 }, 1],
    ["one of two was greylisted", { sent: 60, attempts: 2, deferred: 1, bounced: 0 }, 1],
    ["one of five bounced", { sent: 5, attempts: 5, deferred: 0, bounced: 1 }, 1],
    ["what was taken was not seen tried", { sent: 100, attempts: 0, deferred: 0, bounced: 0 }, 1],
    ["nothing was sent", { sent: 0, attempts: 0, deferred: 0, bounced: 0 }, 1],
    ["a quarter was deferred", { sent: 100, attempts: 100, deferred: 25, bounced: 0 }, 1],
    ["half was deferred", { sent: 100, attempts: 100, deferred: 50, bounced: 0 }, 0],
    ["6 % bounced", { sent: 100, attempts: 100, deferred: 0, bounced: 6 }, 1],
    ["11 % bounced", { sent: 100, attempts: 100, deferred: 0, bounced: 11 }, 0],
  ])("goes on from the second step when %s", (_why, day, step) => {
    const before = { step: 1, day: TODAY, ...day };
    expect(nextStep(before)).toBe(step);
    expect(warmUpAt(before, START)).toBe(before);
    expect(warmUpAt(before, START + DAY)).toMatchObject({ step, day: TODAY + 1, sent: 0 });
  });
});

describe("a pool that warms up", () => {
  const settings = { ...DEFAULT_THROTTLE, warmUp: true };
  const ask = (id: string) =>
    ({
      id,
      lane: "marketing",
      slots: 1,
      messages: 100,
      unspent: 0,
      outcomes: NO_OUTCOMES,
    }) as const;

  it("sends an eighth of the day's messages in an hour, so that no herd comes at midnight", () => {
    let throttle = NEW_THROTTLE;
    let sent = 0;
    const midnight = (TODAY + 1) * DAY;
    const byHour: number[] = [];
    for (let hour = 0; hour < 24; hour++) {
      const before = sent;
      for (let minute = 0; minute < 60; minute++) {
        const now = midnight + (hour * 60 + minute) * 60_000;
        const answer = lease(throttle, settings, ask(`run-${now}`), now);
        throttle = answer.throttle;
        if (answer.grant.kind === "granted") sent += answer.grant.messages ?? 0;
      }
      byHour.push(sent - before);
    }
    expect(sent).toBe(50);
    expect(byHour.slice(0, 8)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
    const full = lease(throttle, settings, ask("late"), midnight + DAY - 1).grant;
    expect(full).toMatchObject({ kind: "full", reason: "day", until: midnight + DAY });
  });

  it("shows its step, what is left of today, and what comes tomorrow", () => {
    const { throttle } = lease(NEW_THROTTLE, settings, ask("a"), START);
    expect(viewOf(throttle, settings, START).warmUp).toEqual({
      step: 0,
      allowance: 50,
      sent: 1,
      next: 50,
    });
    expect(viewOf(throttle, DEFAULT_THROTTLE, START).warmUp).toBeNull();
  });
});

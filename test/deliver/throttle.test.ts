// The pace of a pool to a group: never more than the limits, whoever dies; slower when asked, faster by itself.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factorAt, NO_OUTCOMES, outcomesOf } from "../../src/deliver/slow-down.ts";
import {
  connectionsAt,
  ended,
  lease,
  LEASE_MS,
  type ThrottleAsk,
  viewOf,
} from "../../src/deliver/throttle.ts";
import { NEW_THROTTLE, type Outcomes, type Throttle } from "../../src/deliver/throttle-state.ts";
import { DEFAULT_THROTTLE, type ThrottleSettings } from "../../src/model/throttle.ts";

const START = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const ask = (id: string, change: Partial<ThrottleAsk> = {}): ThrottleAsk => ({
  id,
  lane: "transactional",
  slots: 4,
  messages: 100,
  unspent: 0,
  outcomes: NO_OUTCOMES,
  ...change,
});
const settings = (change: Partial<ThrottleSettings> = {}) => ({ ...DEFAULT_THROTTLE, ...change });
const outcomes = (attempts: number, deferred = 0, throttled = 0): Outcomes => ({
  attempts,
  deferred,
  bounced: 0,
  throttled,
});

/** Tells the outcomes of a run that ends. */
function told(throttle: Throttle, news: Outcomes, now: number, of = settings()): Throttle {
  return ended(throttle, of, { id: "run", unspent: 0, outcomes: news }, now);
}

describe("connections", () => {
  it("are shared by both lanes, and each leaves the other one", () => {
    const first = lease(NEW_THROTTLE, settings(), ask("m", { lane: "marketing" }), START);
    expect(first.grant).toMatchObject({ kind: "granted", slots: 3, messages: null });
    const second = lease(first.throttle, settings(), ask("t"), START);
    expect(second.grant).toMatchObject({ kind: "granted", slots: 1 });
  });

  it("of a run that died go to the next run of its lane at once, to the other lane when the lease is over", () => {
    const one = settings({ connections: 1 });
    const { throttle } = lease(NEW_THROTTLE, one, ask("dead"), START);
    expect(lease(throttle, one, ask("next"), START + 1).grant).toMatchObject({ slots: 1 });
    expect(lease(throttle, one, ask("m", { lane: "marketing" }), START + 1).grant).toEqual({
      kind: "full",
      reason: "connections",
      until: START + 5_001,
      spacing: 0,
    });
  });

  it("are free again when their run ends, or 20 s after it died", () => {
    const one = settings({ connections: 1 });
    const { throttle } = lease(NEW_THROTTLE, one, ask("a"), START);
    const other = ask("b", { lane: "marketing" });
    expect(lease(throttle, one, other, START + LEASE_MS - 1).grant.kind).toBe("full");
    expect(lease(throttle, one, other, START + LEASE_MS).grant.kind).toBe("granted");
    const over = ended(throttle, one, { id: "a", unspent: 0, outcomes: NO_OUTCOMES }, START + 1);
    expect(lease(over, one, other, START + 1).grant.kind).toBe("granted");
  });

  it("are never more than set, whatever runs come, end and die", () => {
    const step = fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e"),
      marketing: fc.boolean(),
      slots: fc.integer({ min: 1, max: 4 }),
      end: fc.boolean(),
      after: fc.nat(15_000),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(step, { maxLength: 40 }),
        (most, steps) => {
          const of = settings({ connections: most });
          let throttle = NEW_THROTTLE;
          let now = START;
          const held = new Map<string, { id: string; slots: number; until: number }>();
          for (const { id, marketing, slots, end, after } of steps) {
            now += after;
            if (end) {
              throttle = ended(throttle, of, { id, unspent: 0, outcomes: NO_OUTCOMES }, now);
              for (const [lane, one] of held) if (one.id === id) held.delete(lane);
              continue;
            }
            const lane = marketing ? "marketing" : "transactional";
            const answer = lease(throttle, of, ask(id, { lane, slots }), now);
            throttle = answer.throttle;
            held.delete(lane);
            for (const [of, one] of held) if (one.id === id) held.delete(of);
            if (answer.grant.kind === "granted") held.set(lane, { id, ...answer.grant });
            const open = [...held.values()].filter(({ until }) => until > now);
            expect(open.reduce((sum, one) => sum + one.slots, 0)).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });
});

describe("messages an hour", () => {
  it("are never more in any hour, though runs die and messages leave late in their lease", () => {
    const step = fc.record({
      id: fc.constantFrom("a", "b", "c"),
      wanted: fc.integer({ min: 1, max: 50 }),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
      late: fc.nat(LEASE_MS),
      dies: fc.boolean(),
      after: fc.nat(8 * MINUTE),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(step, { maxLength: 60 }),
        (perHour, steps) => {
          const of = settings({ perHour, connections: 100 });
          let throttle = NEW_THROTTLE;
          let now = START;
          const left: number[] = [];
          for (const { id, wanted, used, late, dies, after } of steps) {
            now += after;
            const answer = lease(throttle, of, ask(id, { messages: wanted, slots: 1 }), now);
            throttle = answer.throttle;
            if (answer.grant.kind !== "granted") continue;
            const had = answer.grant.messages ?? 0;
            const sent = Math.round(had * used);
            left.push(...Array<number>(sent).fill(now + late));
            if (dies) continue;
            const end = { id, unspent: had - sent, outcomes: NO_OUTCOMES };
            throttle = ended(throttle, of, end, now + late);
          }
          for (const from of left) {
            const within = left.filter((at) => at >= from && at < from + HOUR).length;
            expect(within).toBeLessThanOrEqual(perHour);
          }
        },
      ),
    );
  });

  it("are spread: a twentieth in a minute; what waits is told when, and how far apart", () => {
    const of = settings({ perHour: 100 });
    const { throttle, grant } = lease(NEW_THROTTLE, of, ask("a"), START);
    expect(grant).toMatchObject({ kind: "granted", messages: 5 });
    const other = ask("b", { slots: 1, lane: "marketing" });
    const full = lease(throttle, of, other, START + 1_000).grant;
    expect(full).toEqual({ kind: "full", reason: "hour", until: START + MINUTE, spacing: 12_000 });
    expect(lease(throttle, of, other, START + MINUTE).grant.kind).toBe("granted");
  });

  it("that were leased and not used are given back once, and by nobody else", () => {
    const of = settings({ perHour: 1_000 });
    const { throttle } = lease(NEW_THROTTLE, of, ask("a"), START);
    const back = (id: string, from: Throttle) =>
      ended(from, of, { id, unspent: 30, outcomes: NO_OUTCOMES }, START);
    const once = back("a", throttle);
    expect(viewOf(once, of, START).lastHour).toBe(viewOf(throttle, of, START).lastHour - 30);
    expect(viewOf(back("a", once), of, START).lastHour).toBe(viewOf(once, of, START).lastHour);
    expect(viewOf(back("stranger", once), of, START).lastHour).toBe(
      viewOf(once, of, START).lastHour,
    );
  });
});

describe("the adaptive pace", () => {
  it.each([
    ["421 4.7.0 try again later", "deferred", 1],
    ["450 4.7.1 greylisted", "deferred", 1],
    ["451-4.7.650 the mail server has been rate limited", "deferred", 1],
    ["452 4.2.2 mailbox full", "deferred", 0],
    ["250 2.0.0 ok 4.7.1", "delivered", 0],
    ["550 5.7.1 blocked", "bounced", 0],
  ] as const)("hears in %s: %s, asked to slow down %i times", (reply, state, throttled) => {
    expect(outcomesOf({ state, reply })).toMatchObject({ attempts: 1, throttled });
  });

  it("halves when replies ask for it, once a minute, and never below a sixteenth", () => {
    let throttle = told(NEW_THROTTLE, outcomes(20, 5, 5), START);
    expect(factorAt(throttle, settings(), START)).toBe(0.5);
    expect(viewOf(throttle, settings(), START).reason).toBe(
      "5 of 20 replies in 5 minutes asked to slow down",
    );
    throttle = told(throttle, outcomes(20, 5, 5), START + 1_000);
    expect(factorAt(throttle, settings(), START + 1_000)).toBe(0.5);
    for (let n = 1; n < 10; n++) {
      throttle = told(throttle, outcomes(20, 20, 20), START + n * MINUTE + 1_000);
    }
    // Each minute a tenth comes back before it is halved again.
    expect(throttle.factor).toBeLessThan(0.11);
    expect(connectionsAt(throttle, settings(), START + 10 * MINUTE)).toBe(1);
  });

  it("halves when most of what was tried is deferred; a few deferrals are the weather", () => {
    expect(told(NEW_THROTTLE, outcomes(20, 11), START).factor).toBe(0.5);
    expect(told(NEW_THROTTLE, outcomes(20, 10), START).factor).toBe(1);
    expect(told(NEW_THROTTLE, outcomes(10, 10), START).factor).toBe(1);
    expect(told(NEW_THROTTLE, outcomes(2, 2, 2), START).factor).toBe(1);
  });

  it("recovers by a tenth each minute, and old trouble is not answered twice", () => {
    let throttle = told(NEW_THROTTLE, outcomes(20, 5, 5), START);
    throttle = told(throttle, outcomes(20), START + 2 * MINUTE);
    expect(factorAt(throttle, settings(), START + 2 * MINUTE)).toBeCloseTo(0.7);
    expect(factorAt(throttle, settings(), START + 5 * MINUTE)).toBe(1);
    expect(viewOf(throttle, settings(), START + 5 * MINUTE).reason).toBeNull();
  });

  it("limits the messages of a minute by what was sent before", () => {
    const throttle = told(NEW_THROTTLE, outcomes(100, 50, 50), START);
    const { grant } = lease(throttle, settings(), ask("a"), START + MINUTE);
    // Half of 100, and a tenth more after a minute.
    expect(grant).toMatchObject({ kind: "granted", slots: 1, messages: 60 });
  });

  it("is not slowed where it is switched off", () => {
    const off = settings({ adaptive: false });
    const throttle = told(NEW_THROTTLE, outcomes(20, 20, 20), START, off);
    expect(lease(throttle, off, ask("a"), START).grant).toMatchObject({ slots: 3, messages: null });
  });

  it("stays between a sixteenth and all, whatever is told and when", () => {
    const news = fc.record({
      attempts: fc.integer({ min: 1, max: 100 }),
      deferred: fc.nat(100),
      throttled: fc.nat(100),
      after: fc.nat(3 * MINUTE),
    });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 40 }), (all) => {
        let throttle = NEW_THROTTLE;
        let now = START;
        for (const { attempts, deferred, throttled, after } of all) {
          const before = factorAt(throttle, settings(), now);
          now += after;
          const bad = Math.min(deferred, attempts);
          throttle = told(throttle, outcomes(attempts, bad, Math.min(throttled, bad)), now);
          const factor = factorAt(throttle, settings(), now);
          expect(factor).toBeGreaterThanOrEqual(1 / 16);
          expect(factor).toBeLessThanOrEqual(1);
          // Up by a tenth for each whole minute at most, down by half at most.
          expect(factor).toBeLessThanOrEqual(before + Math.ceil(after / MINUTE + 1) * 0.1 + 1e-9);
          expect(factor).toBeGreaterThanOrEqual(before / 2 - 1e-9);
        }
      }),
    );
  });
});

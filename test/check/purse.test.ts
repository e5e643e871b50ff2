// Purses over an object, in every interleaving that fast-check thinks of: asks and answers under way,
// answers lost, isolates that die, tokens put back. What was let in never exceeds burst + rate × t, in any
// window of time and so also from a rested bucket, and never the daily limit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOMENT_MS, type Purse, purse, type Taken } from "../../src/check/purse.ts";
import { type Ask, type Bucket, type Grant, lease, LEASE_MS } from "../../src/check/quota.ts";
import type { Limits } from "../../src/model/plan.ts";

const DAY = 86_400_000;
/** Close to midnight, so that days end in the middle. */
const START = Date.UTC(2026, 10, 21, 23, 59, 58);
const RUNS = 400;

type Step =
  | {
      readonly kind: "send";
      readonly isolate: number;
      readonly sizes: readonly number[];
      /** Wanted beyond what the purse wants: the object is safe from the greedy, too. */
      readonly surplus: number;
    }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "move" | "lose" | "die" | "put back"; readonly isolate: number };

/** Isolates 0 and 1 send with the key, 2 with one that has no limits of its own. */
const isolate = fc.nat(2);
const kind = <K extends string>(name: K) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kind("send"),
      isolate,
      sizes: fc.oneof(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
        // Takes all there is.
        fc.constant(Array<number>(80).fill(1)),
      ),
      surplus: fc.nat(60),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: kind("move"), isolate }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("lose"), isolate }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("die"), isolate }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("put back"), isolate }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind("pass"),
      ms: fc.oneof(fc.nat(20), fc.nat(300), fc.nat(1_300)),
    }),
  },
);
const limits: fc.Arbitrary<Limits> = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 2_000 })),
  burst: fc.integer({ min: 1, max: 80 }),
  daily: fc.option(fc.integer({ min: 1, max: 200 })),
});

const manySteps = fc.array(step, { minLength: 20, maxLength: 200, size: "max" });

/** An ask under way to the object, or its answer under way back. */
type Message = {
  readonly askedAt: number;
  readonly ask: Pick<Ask, "sizes" | "surplus" | "spare">;
  readonly answer: { readonly grant: Grant; readonly at: number } | null;
};

/** Tokens that were let in, at the time when the object granted them if they were asked for. */
type Event = { readonly at: number; readonly tokens: number };

type Isolate = {
  purse: Purse;
  message: Message | null;
  waiting: readonly number[];
  /** When leases of requests that waited were granted, by their end. */
  granted: Map<number, number>;
  sent: { readonly taken: Taken; readonly events: readonly Event[] }[];
};

function fresh(): Isolate {
  return { purse: purse(), message: null, waiting: [], granted: new Map(), sent: [] };
}

/** Walks the steps; answers what was let in through each bucket, in the order of time. */
function walk(account: Limits, key: Limits, steps: readonly Step[]) {
  let now = START;
  const kept = new Map<string, Bucket>();
  const isolates = [fresh(), fresh(), fresh()];
  const events: { account: Event[]; key: Event[] } = { account: [], key: [] };
  const namesOf = (n: number) => (n < 2 ? (["account", "key"] as const) : (["account"] as const));
  const limitsOf = (n: number) => (n < 2 ? [account, key] : [account]);

  function granted(n: number, ask: Message["ask"]) {
    const sources = namesOf(n).map((name) => {
      return { limits: name === "account" ? account : key, bucket: kept.get(name) ?? null };
    });
    return lease(sources, ask, now);
  }

  /** Requests spend what there is; those that find too little wait. */
  function spend(n: number, sizes: readonly number[]): readonly number[] {
    const one = isolates[n] ?? fresh();
    return sizes.filter((size) => {
      const taken = one.purse.take(size, now);
      if (!taken) return true;
      const own = taken.map(({ lease: { until }, tokens }) => {
        return { at: one.granted.get(until) ?? now, tokens };
      });
      for (const name of namesOf(n)) events[name].push(...own);
      one.sent.push({ taken, events: own });
      return false;
    });
  }

  function send(n: number, sizes: readonly number[], surplus: number): void {
    const one = isolates[n] ?? fresh();
    one.waiting = [...one.waiting, ...spend(n, sizes)];
    const [first] = one.waiting;
    if (one.message || first === undefined) return;
    const wish = one.purse.ask(now);
    if (one.purse.obstacle(first, limitsOf(n), now)) {
      // The object agrees with whoever did not ask it.
      expect(granted(n, { ...wish, sizes: [first], surplus: 0 }).grant.asked).toBe(0);
    }
    const ask = { ...wish, surplus: Math.max(wish.surplus, surplus), sizes: one.waiting };
    one.message = { askedAt: now, ask, answer: null };
  }

  /** The message under way arrives: at the object, then back. */
  function move(n: number): void {
    const one = isolates[n] ?? fresh();
    if (!one.message) return;
    const { askedAt, ask, answer } = one.message;
    if (!answer) {
      const { buckets, grant } = granted(n, ask);
      for (const [index, name] of namesOf(n).entries()) {
        const bucket = buckets[index];
        if (bucket) kept.set(name, bucket);
      }
      one.message = { askedAt, ask, answer: { grant, at: now } };
      return;
    }
    const asked = ask.sizes.reduce((sum, size) => sum + size, 0);
    // The end of a lease tells here when it was granted: no two may end at the same time.
    if (one.granted.has(now + MOMENT_MS)) now += 1;
    one.purse.receive(answer.grant, { askedAt, now, asked, spare: ask.spare });
    one.granted.set(now + MOMENT_MS, answer.at);
    one.message = null;
    spend(n, one.waiting);
    one.waiting = [];
  }

  function putBack(n: number): void {
    const last = isolates[n]?.sent.pop();
    if (!last) return;
    isolates[n]?.purse.putBack(last.taken, now);
    for (const name of namesOf(n)) {
      events[name] = events[name].filter((event) => !last.events.includes(event));
    }
  }

  for (const one of steps) {
    switch (one.kind) {
      case "pass":
        now += one.ms;
        break;
      case "send":
        send(one.isolate, one.sizes, one.surplus);
        break;
      case "move":
        move(one.isolate);
        break;
      case "lose":
        Object.assign(isolates[one.isolate] ?? fresh(), { message: null, waiting: [] });
        break;
      case "die":
        isolates[one.isolate] = fresh();
        break;
      case "put back":
        putBack(one.isolate);
        break;
    }
  }
  return events;
}

/** The most that any window of time let in beyond what its length allows; below 0 there was room. */
function excess(events: readonly Event[], { perSecond, burst }: Limits): number {
  const inOrder = events.toSorted((a, b) => a.at - b.at);
  let most = -Infinity;
  for (const [index, first] of inOrder.entries()) {
    let tokens = 0;
    for (const { at, tokens: more } of inOrder.slice(index)) {
      tokens += more;
      most = Math.max(most, tokens - burst - ((at - first.at) * perSecond) / 1_000);
    }
  }
  return most;
}

function mostInADay(events: readonly Event[]): number {
  const days = new Map<number, number>();
  for (const { at, tokens } of events) {
    const day = Math.floor(at / DAY);
    days.set(day, (days.get(day) ?? 0) + tokens);
  }
  return Math.max(0, ...days.values());
}

describe("whatever the interleaving", () => {
  it("no window lets in more than burst + rate × t, and no day more than its limit", () => {
    fc.assert(
      fc.property(limits, limits, manySteps, (account, key, steps) => {
        const events = walk(account, key, steps);
        expect(excess(events.account, account)).toBeLessThanOrEqual(0);
        expect(excess(events.key, key)).toBeLessThanOrEqual(0);
        expect(mostInADay(events.account)).toBeLessThanOrEqual(account.daily ?? Infinity);
        expect(mostInADay(events.key)).toBeLessThanOrEqual(key.daily ?? Infinity);
      }),
      { numRuns: RUNS },
    );
  });

  it("finds an object that forgets what it leased", () => {
    // The judge must be able to say no: two rested buckets let in twice the burst.
    const twice = [0, 1].map(() => ({ at: START, tokens: 50 }));
    expect(excess(twice, { perSecond: 10, burst: 50, daily: null })).toBe(50);
  });
});

describe("a purse", () => {
  const LIMITS: Limits = { perSecond: 1_000, burst: 5_000, daily: null };

  /** One isolate that sends one email each `every` ms for `ms`; answers how often it asked. */
  function calls(every: number, ms: number, rules: Limits): { calls: number; sent: number } {
    const one = purse();
    let bucket: Bucket | null = null;
    let asks = 0;
    let sent = 0;
    for (let now = START; now < START + ms; now += every) {
      if (!one.take(1, now)) {
        const ask = { ...one.ask(now), sizes: [1] };
        const { buckets, grant } = lease([{ limits: rules, bucket }], ask, now);
        bucket = buckets[0] ?? null;
        asks += 1;
        one.receive(grant, { askedAt: now, now, asked: 1, spare: ask.spare });
        if (!one.take(1, now)) continue;
      }
      sent += 1;
    }
    return { calls: asks, sent };
  }

  it.each([
    [1_000, 1],
    [500, 2],
    [2_000, 0.5],
  ])("of a sender of %i a second asks at most once for 20 of them", (_rate, every) => {
    const rules = { ...LIMITS, perSecond: 2_000, burst: 10_000 };
    const seen = calls(every, 20_000, rules);
    expect(seen.calls / seen.sent).toBeLessThanOrEqual(0.05);
  });

  it("of somebody who sends now and then leases nothing in advance", () => {
    const rules = { perSecond: 10, burst: 50, daily: 40 };
    expect(calls(1_500, 60_000, rules)).toEqual({ calls: 40, sent: 40 });
  });

  it("spends a whole daily limit, however it was leased", () => {
    const rules = { perSecond: 1_000, burst: 5_000, daily: 1_000 };
    // Bursts with pauses between: each leaves some of its lease unspent.
    const one = purse();
    let bucket: Bucket | null = null;
    let sent = 0;
    let now = Date.UTC(2026, 10, 21);
    for (let n = 0; n < 1_500; n++) {
      now += n % 37 === 0 ? 3_000 : 2;
      if (!one.take(1, now)) {
        const ask = { ...one.ask(now), sizes: [1] };
        const { buckets, grant } = lease([{ limits: rules, bucket }], ask, now);
        bucket = buckets[0] ?? null;
        one.receive(grant, { askedAt: now, now, asked: 1, spare: ask.spare });
        if (!one.take(1, now)) continue;
      }
      sent += 1;
    }
    expect(sent).toBe(1_000);
  });

  it("knows without asking when there is nothing, and when there will be", () => {
    const one = purse();
    const rules = { perSecond: 10, burst: 5, daily: 9 };
    expect(one.obstacle(5, [rules], START)).toBeNull();
    const ask = { ...one.ask(START), sizes: [5] };
    const { grant } = lease([{ limits: rules, bucket: null }], ask, START);
    one.receive(grant, { askedAt: START, now: START, asked: 5, spare: ask.spare });
    expect(one.take(5, START)).not.toBeNull();
    expect(one.obstacle(2, [rules], START)).toEqual({ bucket: 0, limit: "rate", waitMs: 200 });
    expect(one.obstacle(2, [rules], START + 200)).toBeNull();
    expect(one.obstacle(5, [rules], START + 700)).toMatchObject({ limit: "daily", waitMs: 1_300 });
    expect(one.obstacle(5, [rules], START + 2_000)).toBeNull();
    expect(one.known([rules], START + 100)).toEqual([{ level: 1, left: 4 }]);
  });

  it("counts the life of a lease from when it asked, however late the answer came", () => {
    const one = purse();
    const ask = { ...one.ask(START), sizes: [], surplus: 10 };
    const { grant } = lease([{ limits: LIMITS, bucket: null }], ask, START + 700);
    const about = { askedAt: START, now: START + 900, asked: 0, spare: ask.spare };
    one.receive(grant, about);
    expect(one.take(1, START + LEASE_MS - 1)).not.toBeNull();
    expect(one.take(1, START + LEASE_MS)).toBeNull();
  });

  it("gives up its leases when its clock is set back", () => {
    const one = purse();
    const ask = { ...one.ask(START), sizes: [], surplus: 10 };
    const { grant } = lease([{ limits: LIMITS, bucket: null }], ask, START);
    one.receive(grant, { askedAt: START, now: START, asked: 0, spare: ask.spare });
    expect(one.take(1, START - 3_600_000)).toBeNull();
  });

  it("keeps what was put back, and after its time the day's part of it", () => {
    const one = purse();
    const rules = { perSecond: 10, burst: 5, daily: 9 };
    const ask = { ...one.ask(START), sizes: [3] };
    const { grant } = lease([{ limits: rules, bucket: null }], ask, START);
    one.receive(grant, { askedAt: START, now: START, asked: 3, spare: ask.spare });
    const taken = one.take(3, START) ?? [];
    one.putBack(taken, START + 50);
    expect(one.take(3, START + 60)).not.toBeNull();
    one.putBack(taken, START + LEASE_MS);
    expect(one.take(1, START + LEASE_MS)).toBeNull();
    expect(one.ask(START + LEASE_MS).spare.tokens).toBe(3);
  });
});

// Several isolates over the real object of the account: how much is let in, how often it is asked, and
// what is said when it does not answer.
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { type Admit, admitOver, type Places } from "../../src/check/admit.ts";
import { type Ask, type Bucket, type Grant, lease } from "../../src/check/quota.ts";
import { type KeyLimits, NO_LIMITS, type Plan, planOf } from "../../src/model/plan.ts";
import { quotaObject } from "../support/quota-object.ts";
import { ownTime, REAL_TIME, type Time } from "../support/own-time.ts";

const SECOND = 1_000;

type Account = {
  readonly isolates: readonly Admit[];
  /** The first of them. */
  readonly isolate: Admit;
  readonly calls: () => number;
  readonly logged: readonly string[];
};

/** Isolates over one object of their own, and a count of the calls to it. */
function account(
  options: { isolates?: number; lease?: (ask: Ask) => Promise<Grant>; time?: Time } = {},
): Account {
  const object = quotaObject();
  const time = options.time ?? REAL_TIME;
  const logged: string[] = [];
  let calls = 0;
  const isolate = (): Admit => {
    const places: Places = new Map();
    const world = {
      ...time,
      ...object,
      lease(ask: Ask) {
        calls += 1;
        return (options.lease ?? object.lease)(ask);
      },
      background: (_what: string, work: Promise<unknown>) => void work.catch(() => undefined),
      log: (_level: string, event: string) => void logged.push(event),
    };
    return admitOver(world, places);
  };
  const first = isolate();
  const others = Array.from({ length: (options.isolates ?? 1) - 1 }, isolate);
  return { isolates: [first, ...others], isolate: first, calls: () => calls, logged };
}

function sender(limits: Partial<KeyLimits> = {}, plan: Plan = planOf("local", true)) {
  return { plan, key: { id: "key", limits: { ...NO_LIMITS, ...limits } } };
}

type Outcome = { admitted: number; refused: number; unavailable: number };
type Race = { readonly clients: number; readonly ms: number; readonly thinks: number };

/** So many clients, for some time; each thinks for a moment between two requests. */
async function race(
  isolates: readonly Admit[],
  who: ReturnType<typeof sender>,
  time: Time,
  { clients, ms, thinks }: Race,
): Promise<Outcome & { readonly seconds: number }> {
  const outcome: Outcome = { admitted: 0, refused: 0, unavailable: 0 };
  const start = time.now();
  async function client(index: number): Promise<void> {
    while (time.now() < start + ms) {
      const taken = await isolates[index % isolates.length]?.take(who, 1);
      if (taken?.ok) outcome.admitted += 1;
      else if (taken?.error.kind === "rate_limited") outcome.refused += 1;
      else outcome.unavailable += 1;
      await time.wait(thinks);
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return { ...outcome, seconds: (time.now() - start) / SECOND };
}

/** A race in time of its own, over an object that answers after 4 ms. */
async function raceInOwnTime(isolates: number, limits: Partial<KeyLimits>, run: Race) {
  const time = ownTime();
  const who = sender(limits);
  let kept: readonly (Bucket | null)[] = [null, null];
  const made = account({
    isolates,
    time,
    async lease(ask) {
      await time.wait(2);
      const all = [ask.account, ...ask.others.map(({ limits }) => limits)];
      const sources = all.map((rules, index) => ({ limits: rules, bucket: kept[index] ?? null }));
      const { buckets, grant } = lease(sources, ask, time.now());
      kept = buckets;
      await time.wait(2);
      return grant;
    },
  });
  const seen = await time.run(race(made.isolates, who, time, run));
  return { ...seen, calls: made.calls() };
}

describe("a race of 100 clients", () => {
  it.each([
    [1, { perSecond: 100, burst: 300 }],
    [4, { perSecond: 100, burst: 300 }],
    [4, { perSecond: 1_000, burst: 50 }],
    [8, { perSecond: 1_000, burst: 5_000 }],
  ])("in %i isolates is let in up to burst + rate × t and not once more", async (n, limits) => {
    const seen = await raceInOwnTime(n, limits, { clients: 100, ms: 10_000, thinks: 3 });
    const most = limits.burst + limits.perSecond * seen.seconds;
    expect(seen.admitted).toBeLessThanOrEqual(most);
    // And not much of it is wasted, even where the bucket is full again after 50 ms.
    expect(seen.admitted).toBeGreaterThan(most * 0.8);
    expect([seen.refused > 0, seen.unavailable]).toEqual([true, 0]);
  });

  it.each([
    ["far below the limit", { perSecond: 50_000, burst: 100_000 }, 40],
    ["just below it", { perSecond: 2_800, burst: 5_000 }, 40],
    ["above it", { perSecond: 1_000, burst: 5_000 }, 40],
    ["far above it", { perSecond: 1_000, burst: 1_000 }, 5],
  ])("costs at most one call for 20 accepts: %s", async (_name, limits, thinks) => {
    const seen = await raceInOwnTime(1, limits, { clients: 100, ms: 10_000, thinks });
    expect(seen.admitted).toBeGreaterThan(9_500);
    expect(seen.calls / seen.admitted).toBeLessThanOrEqual(0.05);
  });

  it("is let in no more than that when the real object is killed in the middle (F25)", async () => {
    const { isolates } = account({ isolates: 3 });
    const limits = { perSecond: 100, burst: 300 };
    const run = { clients: 100, ms: 1_000, thinks: 0 };
    const running = race(isolates, sender(limits), REAL_TIME, run);
    for (let kill = 0; kill < 5; kill++) {
      await REAL_TIME.wait(150);
      await abortAllDurableObjects();
    }
    const seen = await running;
    expect(seen.admitted).toBeLessThanOrEqual(limits.burst + limits.perSecond * seen.seconds);
    expect(seen.admitted).toBeGreaterThan(limits.burst / 2);
  });
});

describe("one isolate", () => {
  it("asks once for all who wait", async () => {
    const { isolate, calls } = account();
    const taken = await Promise.all(Array.from({ length: 100 }, () => isolate.take(sender(), 3)));
    expect(taken.every((one) => one.ok)).toBe(true);
    expect(calls()).toBeLessThanOrEqual(3);
  });

  it("waits for nothing but memory while its lease lasts", async () => {
    const { isolate, calls } = account();
    for (let n = 0; n < 20; n++) await isolate.take(sender(), 1);
    const before = calls();
    let settled = false;
    void isolate.take(sender(), 1).then(() => (settled = true));
    // Promises that are settled already go on at once; an answer from outside would come later.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect([settled, calls() - before]).toEqual([true, 0]);
  });

  it("answers whom it cannot let in without asking again", async () => {
    const { isolate, calls } = account();
    const who = sender({ perSecond: 1, burst: 5 });
    expect((await isolate.take(who, 5)).ok).toBe(true);
    const before = calls();
    for (let n = 0; n < 50; n++) {
      expect(await isolate.take(who, 4)).toMatchObject({
        ok: false,
        error: { kind: "rate_limited", limit: "key", retryAfterSeconds: 4 },
      });
    }
    expect(calls() - before).toBe(0);
  });

  it("spends again what a request gave back", async () => {
    const { isolate } = account();
    const who = sender({ perSecond: 1, burst: 5 });
    const first = await isolate.take(who, 5);
    if (first.ok) first.value.release();
    expect((await isolate.take(who, 5)).ok).toBe(true);
    expect((await isolate.take(who, 5)).ok).toBe(false);
  });

  it("refuses at once what no limit would ever let in, and names the limit", async () => {
    const { isolate, calls } = account();
    const cases = [
      [sender({ burst: 5 }), 6, "key", "at most 5 recipients: the burst of this API key"],
      [
        sender({ daily: 4 }),
        5,
        "key-daily",
        "at most 4 recipients: the daily limit of this API key",
      ],
      [
        sender({}, planOf("starter", false)),
        51,
        "account",
        "at most 50 recipients: the burst of this account (plan starter)",
      ],
    ] as const;
    for (const [who, n, limit, reason] of cases) {
      expect(await isolate.take(who, n)).toMatchObject({
        ok: false,
        error: { kind: "too_many_recipients", limit, reason: expect.stringContaining(reason) },
      });
    }
    expect(calls()).toBe(0);
  });

  it("stops at the daily limit until midnight UTC", async () => {
    const { isolate } = account();
    const who = sender({ daily: 3 });
    expect((await isolate.take(who, 3)).ok).toBe(true);
    const refused = await isolate.take(who, 1);
    expect(refused).toMatchObject({ ok: false, error: { limit: "key-daily" } });
    const left = 86_400 - ((Date.now() / SECOND) % 86_400);
    const retry = !refused.ok && refused.error.kind === "rate_limited" && refused.error;
    expect(Math.abs((retry ? retry.retryAfterSeconds : 0) - left)).toBeLessThan(3);
  });
});

describe("an object that does not answer", () => {
  const UNAVAILABLE = { ok: false, error: { kind: "unavailable", retryAfterSeconds: 5 } };

  it("lets nobody in, whether it fails or hangs, and asks twice at most", async () => {
    const failing = account({ lease: () => Promise.reject(new Error("no such object")) });
    expect(await failing.isolate.take(sender(), 1)).toMatchObject(UNAVAILABLE);
    expect([failing.calls(), failing.logged]).toEqual([2, ["quota_unreachable"]]);
    const hanging = account({ lease: () => new Promise<never>(() => undefined) });
    const start = Date.now();
    const asked = Array.from({ length: 20 }, () => hanging.isolate.take(sender(), 1));
    for (const one of await Promise.all(asked)) expect(one).toMatchObject(UNAVAILABLE);
    expect(Date.now() - start).toBeLessThan(3_500);
  });

  it("still lets the policy be told, and is not asked for more", async () => {
    const { isolate, calls } = account({ lease: () => Promise.reject(new Error("down")) });
    await isolate.take(sender(), 1);
    const before = calls();
    expect(await isolate.standing(sender())).toEqual([
      {
        name: "account",
        quota: 1_000_000,
        windowSeconds: 10,
        remaining: null,
        resetSeconds: null,
      },
    ]);
    expect(calls()).toBe(before);
  });
});

describe("requests that wait together", () => {
  it("keep the tokens that were brought for them when another asks before they look", async () => {
    const looks: (() => void)[] = [];
    const answers: (() => void)[] = [];
    const object = quotaObject();
    const { isolate } = account({
      time: { ...REAL_TIME, wait: () => new Promise((look) => looks.push(look)) },
      async lease(ask) {
        await new Promise<void>((answer) => answers.push(answer));
        return object.lease(ask);
      },
    });
    const who = sender({ perSecond: 25, burst: 5 });
    const turn = () => new Promise((go) => setTimeout(go, 20));
    const answered = async () => {
      await turn();
      answers.shift()?.();
      await turn();
    };
    const taken = [isolate.take(who, 1)];
    for (let n = 0; n < 4; n++) taken.push(isolate.take(who, 1));
    await answered();
    // One of the four that wait asks for all of them.
    looks.shift()?.();
    await answered();
    // A token has come meanwhile, for which one more asks.
    await turn();
    const late = isolate.take(who, 1);
    await answered();
    while (looks.length > 0) {
      for (const look of looks.splice(0)) look();
      await turn();
    }
    expect((await Promise.all(taken)).map(({ ok }) => ok)).toEqual(Array(5).fill(true));
    await late;
  });
});

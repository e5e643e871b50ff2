// The account's object in workerd: what it leased it never forgets, whatever ends it.
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Ask } from "../../src/check/quota.ts";
import type { Limits } from "../../src/model/plan.ts";

const ACCOUNT: Limits = { perSecond: 1, burst: 1_000, daily: 5_000 };
const KEY: Limits = { perSecond: 1, burst: 100, daily: null };

function anObject() {
  const name = crypto.randomUUID();
  const lease = (sizes: readonly number[], change: Partial<Ask> = {}) => {
    const spare = { day: 0, tokens: 0 };
    const ask = { account: ACCOUNT, others: [], sizes, surplus: 0, spare, ...change };
    // A stub of a dead instance is dead too: each call takes a new one.
    return env.QUOTA.getByName(name).lease(ask);
  };
  const kept = () =>
    runInDurableObject(env.QUOTA.getByName(name), (_object, { storage }) => [
      ...storage.kv.list<{ used: number }>(),
    ]);
  return { lease, kept, stub: () => env.QUOTA.getByName(name) };
}

describe("the account's object", () => {
  it("leases from the account's bucket and the key's at once", async () => {
    const { lease, kept } = anObject();
    const grant = await lease([60], { others: [{ name: "key:a", limits: KEY }] });
    expect(grant.asked).toBe(60);
    expect((await lease([41], { others: [{ name: "key:a", limits: KEY }] })).asked).toBe(0);
    expect((await lease([100], { others: [{ name: "key:b", limits: KEY }] })).asked).toBe(100);
    expect((await kept()).map(([name, { used }]) => [name, used])).toEqual([
      ["bucket:account", 160],
      ["bucket:key:a", 60],
      ["bucket:key:b", 100],
    ]);
  });

  it("writes nothing for whoever only looks or gets nothing", async () => {
    const { lease, kept } = anObject();
    expect((await lease([])).buckets).toEqual([{ level: 1_000, used: 0 }]);
    await lease([1_001]);
    expect(await kept()).toEqual([]);
  });

  it("fills the account's bucket at half the rate while its mail fails, the keys' as before", async () => {
    const { lease, stub } = anObject();
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const bad = { minute, attempts: 1_000, deferred: 0, bounced: 200, complained: 0 };
    const judged = { factor: 0.5, trouble: expect.stringContaining("200 of 1000"), halved: true };
    expect(await stub().observe([bad])).toEqual(judged);
    expect(await stub().observe([bad])).toEqual({
      ...judged,
      trouble: expect.stringContaining("400 of 2000"),
      halved: false,
    });
    const fast = { perSecond: 1_000, burst: 1_000, daily: null };
    const others = [{ name: "key:a", limits: fast }];
    await lease([1_000], { account: fast, others });
    const start = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { pace, buckets } = await lease([], { account: fast, others });
    const waited = Date.now() - start;
    expect(pace).toBe(0.5);
    expect(buckets[0]?.level).toBeLessThanOrEqual(waited / 2 + 10);
    expect(buckets[1]?.level).toBeGreaterThanOrEqual(190);
  });

  it.each([
    ["evicted", async (stub: DurableObjectStub) => evictDurableObject(stub)],
    ["killed", async () => abortAllDurableObjects()],
  ])("remembers every lease when it is %s", async (_name, end) => {
    const { lease, stub } = anObject();
    expect((await lease([900])).asked).toBe(900);
    await end(stub());
    const { asked, buckets } = await lease([200]);
    expect([asked, buckets[0]?.used]).toEqual([0, 900]);
    expect(buckets[0]?.level).toBeLessThan(150);
  });

  it("never leases a token twice to 100 who ask at once and are killed meanwhile", async () => {
    const { lease } = anObject();
    const start = Date.now();
    const asks = Array.from({ length: 100 }, async () => (await lease([20])).asked);
    await abortAllDurableObjects();
    const first = await Promise.allSettled(asks);
    const again = await Promise.all(Array.from({ length: 100 }, () => lease([20])));
    const seen = first.map((one) => (one.status === "fulfilled" ? one.value : 0));
    const asked = [...seen, ...again.map((one) => one.asked)].reduce((a, b) => a + b, 0);
    expect(asked).toBeLessThanOrEqual(1_000 + (Date.now() - start) / 1_000);
    expect(again.at(-1)?.asked).toBe(0);
  });
});

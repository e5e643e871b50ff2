// The erasure under fire (C14): broken at any call to D1 or R2, several at once. The next run completes it,
// and nothing of others is ever touched.
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { workOnErasures } from "../../src/queue/erase.ts";
import { beginErasure } from "../../src/store/erasure.ts";
import { erasureHasher, erasurePurpose } from "../../src/model/erasure.ts";
import { seal } from "../../src/lib/seal.ts";
import { CANARY, givenCanary, QUOTING, whereCanaryStands } from "../support/canary.ts";
import { type Copy, copyOfBlobs, copyOfTables } from "../support/copy.ts";
import type { D1Fault } from "../support/faults.ts";
import { deliveries } from "../support/ledger.ts";
import { emptyBlobs } from "../support/past.ts";
import { MINUTE, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { tracking } from "../support/tracking.ts";

let world: QueueWorld;
let tables: Copy;
let blobs: Copy;

// Built once; every case puts it back as it was.
beforeAll(async () => {
  await emptyBlobs();
  const queue = tracking();
  world = await queueWorld(QUOTING, { ...queue, wakeTail: () => Promise.resolve() });
  await givenCanary(world, queue);
  await begin();
  tables = await copyOfTables();
  blobs = await copyOfBlobs();
});
afterAll(() => world.stop());

beforeEach(async () => {
  world.d1.plan(null);
  await again();
});

async function again(): Promise<void> {
  await tables.restore();
  await blobs.restore();
  world.d1.reset();
}

/** What the request does before its answer. */
async function begin(): Promise<void> {
  const { encryptionKey } = world.app.config;
  const hash = await (await erasureHasher(encryptionKey))(CANARY);
  const sealed = await seal(encryptionKey, erasurePurpose(hash), CANARY);
  const now = world.clock.now();
  await beginErasure(env.DB, { hash, address: CANARY, sealed, keyId: "key", now });
}

/** Both halves of an erasure. */
async function run(app: App): Promise<void> {
  await workOnErasures(app);
  world.clock.advance(MINUTE);
  await workOnErasures(app);
}

async function isDone(): Promise<boolean> {
  const row = await env.DB.prepare("select 1 from erasures where finished_at is null").first();
  return row === null;
}

async function expectDone(): Promise<void> {
  for (let more = 0; more < 3 && !(await isDone()); more++) await run(world.app);
  expect(await whereCanaryStands()).toEqual([]);
  const others = (await deliveries()).map(({ recipient, state }) => `${recipient} ${state}`);
  expect(others).toEqual(Array(6).fill("bob@example.com delivered"));
  const row = await env.DB.prepare("select state, sealed, place from erasures").first();
  expect(row).toEqual({ state: "done", sealed: null, place: "" });
}

/** Counts the calls of an R2 bucket, and breaks them from the n-th on. */
function breakingBlobs(from: number, mode: "before" | "after") {
  let calls = 0;
  const blobs = new Proxy(env.CONTENT, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") throw new Error(`not expected: ${String(name)}`);
      return async (...values: unknown[]) => {
        calls += 1;
        if (calls >= from && mode === "before") throw new Error("R2: injected");
        const answer: unknown = await Reflect.apply(method, target, values);
        if (calls >= from) throw new Error("R2: injected");
        return answer;
      };
    },
  });
  return { blobs, calls: () => calls };
}

describe("an erasure that is broken (C14)", () => {
  it("after any write to D1 is completed by the next", { timeout: 60_000 }, async () => {
    const { d1, app } = world;
    await workOnErasures(app);
    const clearing = d1.calls().length;
    world.clock.advance(MINUTE);
    await workOnErasures(app);
    const writes = d1
      .calls()
      .filter(({ sql }) => /\b(?:insert|update|delete)\b/.test(sql))
      .map(({ n }) => n);
    expect(writes.length).toBeGreaterThan(20);
    // The search writes table by table, all in the same way: every third is enough there.
    for (const n of writes.filter((call, index) => call <= clearing || index % 3 === 0)) {
      await again();
      // Killed: nothing works from there on. Before a write is after the one before it.
      d1.plan({ on: (call) => call.n >= n, mode: "after", times: 100 } satisfies D1Fault);
      await expect(run(app)).rejects.toThrow("D1_ERROR");
      d1.plan(null);
      await expectDone();
    }
  });

  it(
    "at any call to R2, before or after it is done, is completed by the next",
    { timeout: 60_000 },
    async () => {
      const counted = breakingBlobs(Infinity, "before");
      await run({ ...world.app, blobs: counted.blobs });
      expect(counted.calls()).toBe(10);
      for (let n = 1; n <= counted.calls(); n++) {
        await again();
        const broken = breakingBlobs(n, n % 2 === 0 ? "after" : "before");
        await expect(run({ ...world.app, blobs: broken.blobs })).rejects.toThrow("R2: injected");
        await expectDone();
      }
    },
  );
});

it("five runs at once do what one does", async () => {
  const five = () => Promise.allSettled(Array.from({ length: 5 }, () => workOnErasures(world.app)));
  await five();
  world.clock.advance(MINUTE);
  await five();
  await expectDone();
});

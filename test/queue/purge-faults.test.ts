// The purge under fire (C14, F24): broken at any call, stopped by its clock, several at once, with much to
// do. The next run completes it, and nothing younger is ever touched. And what a whole life costs.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { consume } from "../../src/queue/consume.ts";
import { purge, purgeBlobs } from "../../src/queue/purge.ts";
import { type D1Fault, faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger, states } from "../support/ledger.ts";
import {
  blobsLeft,
  DAY,
  deliveredAt,
  emptyBlobs,
  givenLog,
  givenManyPast,
  givenPast,
  logLeft,
  messagesLeft,
} from "../support/past.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { ask, email, testApp } from "../support/world.ts";

const NOW = Date.UTC(2026, 10, 21, 10);
const d1 = faultyD1(env.DB);

function appAt(overrides: Partial<App> = {}) {
  return testApp({ now: () => NOW, db: d1.db, log: () => undefined, ...overrides });
}

beforeEach(async () => {
  await emptyLedger();
  await emptyBlobs();
  d1.plan(null);
  d1.reset();
});

/** Old mail that must go, beside a day's younger that must stay; open mail, too. */
async function givenMail(): Promise<readonly string[]> {
  const old = NOW - 60 * DAY;
  for (const blob of [false, true]) {
    await givenPast(old, [deliveredAt(old), deliveredAt(old)], { blob });
    await givenPast(old - DAY, [deliveredAt(old)], { blob });
  }
  const stay = [];
  for (const blob of [false, true]) {
    stay.push(await givenPast(old, [deliveredAt(old), deliveredAt(old + 1)], { blob }));
    stay.push(await givenPast(old - DAY, [{ state: "queued", at: null, dueAt: NOW }], { blob }));
    stay.push(await givenPast(NOW - DAY, [deliveredAt(NOW - DAY)], { blob }));
  }
  await givenLog(old - 1, old, old + 1, NOW);
  return stay.sort();
}

/** No half message, no young one missing: true at every moment of a purge. */
async function expectWhole(stay: readonly string[]): Promise<void> {
  const left = await messagesLeft();
  expect(stay.filter((id) => !left.includes(id))).toEqual([]);
  const { results } = await env.DB.prepare(
    `select 1 from deliveries where message_id not in (select id from messages) union all
     select 1 from messages m
     left join (select message_id, count(*) as n from deliveries group by message_id) d
       on d.message_id = m.id
     where json_array_length(m.recipients) <> coalesce(d.n, 0)`,
  ).all();
  expect(results).toEqual([]);
  // Open and young mail has its content.
  expect(await countOf("contents")).toBeGreaterThanOrEqual(2);
  expect((await blobsLeft()).length).toBeGreaterThanOrEqual(2);
  expect((await logLeft()).slice(-2)).toEqual([NOW - 60 * DAY + 1, NOW]);
}

async function expectDone(stay: readonly string[]): Promise<void> {
  await expectWhole(stay);
  expect(await messagesLeft()).toEqual(stay);
  expect([await countOf("contents"), (await blobsLeft()).length]).toEqual([2, 2]);
  expect(await logLeft()).toEqual([NOW - 60 * DAY + 1, NOW]);
}

async function runBoth(app: App): Promise<void> {
  await purge(app);
  await purgeBlobs(app);
}

describe("a purge that is broken (C14)", () => {
  it.each(["before", "after"] as const)(
    "%s any call to D1 is completed by the next",
    async (mode) => {
      let calls = Infinity;
      let failed = 0;
      for (let n = 1; n <= calls; n++) {
        await emptyLedger();
        await emptyBlobs();
        const stay = await givenMail();
        d1.reset();
        // Killed: nothing works from there on.
        d1.plan(
          n === 1 ? null : ({ on: (call) => call.n >= n - 1, mode, times: 100 } satisfies D1Fault),
        );
        await runBoth(appAt()).catch(() => failed++);
        if (n === 1) calls = d1.calls().length + 1;
        d1.plan(null);
        await expectWhole(stay);
        await runBoth(appAt());
        await expectDone(stay);
      }
      expect(calls).toBeGreaterThan(10);
      expect(failed).toBe(calls - 1);
    },
  );

  it.each(["before", "after"] as const)("%s R2 deletes is completed by the next", async (mode) => {
    const stay = await givenMail();
    const broken = new Proxy(env.CONTENT, {
      get(target, name) {
        if (name === "list") return target.list.bind(target);
        if (name !== "delete") throw new Error(`not expected: ${String(name)}`);
        return async (keys: string[]) => {
          if (mode === "after") await target.delete(keys);
          throw new Error("R2: injected");
        };
      },
    });
    await expect(purge(appAt({ blobs: broken }))).rejects.toThrow("R2: injected");
    await expectWhole(stay);
    // What needs no R2 is done all the same.
    expect(await logLeft()).toEqual([NOW - 60 * DAY + 1, NOW]);
    await runBoth(appAt());
    await expectDone(stay);
  });

  it("by its clock after 10 s goes on in the next minute", async () => {
    await givenManyPast(3_000, NOW - 61 * DAY);
    let time = NOW;
    const app = appAt({ now: () => (time += 900) });
    const left = [];
    for (let run = 0; run < 12; run++) {
      await purge(app);
      left.push(await countOf("messages"));
    }
    expect(left[0]).toBeGreaterThan(0);
    expect(left.at(-1)).toBe(0);
    expect(left).toEqual([...left].sort((a, b) => b - a));
  });
});

it("five purges at once do what one does", async () => {
  await givenManyPast(2_000, NOW - 61 * DAY);
  const stay = await givenMail();
  await Promise.all(Array.from({ length: 5 }, () => runBoth(appAt())));
  await expectDone(stay);
});

it("20,000 messages go in bounded batches, killed again and again; no young one goes (F24)", async () => {
  await givenManyPast(20_000, NOW - 61 * DAY);
  const stay = await givenMail();
  let worst = 0;
  const timed = new Proxy(d1.db, {
    get(target, name) {
      if (name === "prepare") return target.prepare.bind(target);
      return async (list: D1PreparedStatement[]) => {
        const started = Date.now();
        const written = d1.rowsWritten();
        try {
          return await target.batch(list);
        } finally {
          worst = Math.max(worst, Date.now() - started);
          expect(d1.rowsWritten() - written).toBeLessThanOrEqual(10_000);
        }
      };
    },
  });
  for (let kill = 0; kill < 6; kill++) {
    d1.reset();
    const mode = kill % 2 === 0 ? "before" : "after";
    d1.plan({ on: ({ n }) => n > 12 + kill * 5, mode });
    await expect(purge(appAt({ db: timed }))).rejects.toThrow("injected");
    await expectWhole(stay);
  }
  const left = await countOf("messages");
  expect(left).toBeGreaterThan(10_000);
  d1.plan(null);
  await purge(appAt({ db: timed }));
  await purgeBlobs(appAt());
  await expectDone(stay);
  expect(worst).toBeLessThan(30_000);
}, 60_000);

describe("rows written over a whole life, purge included", () => {
  let world: QueueWorld;
  afterEach(() => world.stop());

  /** Sends, delivers, drops the content, purges; answers the rows written per step. */
  async function life(
    to: readonly string[],
    change: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<readonly number[]> {
    world = await queueWorld({}, { newId: () => uuidv7(world.clock.now()) });
    const { app, clock } = world;
    const costs: number[] = [];
    const step = async (work: () => Promise<unknown>) => {
      world.d1.reset();
      await work();
      costs.push(world.d1.rowsWritten());
    };
    await step(() => world.post(email(change, to), headers));
    await step(async () => {
      await consume(app);
      await app.idle();
    });
    expect(await states()).toEqual({ delivered: to.length });
    clock.advance(7 * DAY + 1_000);
    await step(() => runBoth(app));
    expect([await countOf("contents"), (await blobsLeft()).length]).toEqual([0, 0]);
    // Another message's log row is the newest then, so that this one's may go.
    clock.advance(53 * DAY - 2_000);
    await world.send(["later@example.com"]);
    await consume(app);
    clock.advance(5_000);
    await step(() => purge(app));
    expect(await messagesLeft()).toHaveLength(1);
    return costs;
  }

  const sum = (costs: readonly number[]) => costs.reduce((total, cost) => total + cost, 0);

  it("are 11 for a lone email", async () => {
    const costs = await life(["a@example.com"]);
    expect(costs).toEqual([4, 3, 1, 3]);
    expect(sum(costs)).toBeLessThanOrEqual(12);
  });

  it("are 9 for one whose content is in R2", async () => {
    expect(await life(["a@example.com"], { text: "x".repeat(40_000) })).toEqual([3, 3, 0, 3]);
  });

  it("are one more at each end with an idempotency key", async () => {
    expect(sum(await life(["a@example.com"], {}, { "Idempotency-Key": "k" }))).toBeLessThanOrEqual(
      13,
    );
  });

  it("are at most 6 for each email of a message to 100 recipients", async () => {
    const costs = await life(people(100));
    expect(sum(costs) / 100).toBeLessThanOrEqual(6);
  });

  it.each(["t", "x".repeat(40_000)])(
    "leave a message that is readable without its content",
    async (text) => {
      world = await queueWorld({}, { newId: () => uuidv7(world.clock.now()) });
      const { app, clock, key } = world;
      const id = await world.send(["a@example.com"], { text });
      await consume(app);
      clock.advance(7 * DAY - 1_000);
      await runBoth(app);
      expect((await ask(app, "GET", `/v1/messages/${id}/raw`, { key })).status).toBe(200);
      clock.advance(2_000);
      await runBoth(app);
      const answers = [
        await ask(app, "GET", `/v1/messages/${id}`, { key }),
        await ask(app, "GET", `/v1/messages/${id}/raw`, { key }),
        await ask(app, "POST", `/v1/messages/${id}/resend`, { key }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 404, 404]);
    },
  );
});

// The purge (A-079, F24): what is exactly old enough goes, whatever is open stays, and nothing that must
// stay is in the way of the rest.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { DELIVERY_STATES, TERMINAL_STATES } from "../../src/model/delivery.ts";
import { purge, purgeBlobs } from "../../src/queue/purge.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { changeAccount } from "../../src/store/account.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger } from "../support/ledger.ts";
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
import { ownClock, type TestApp, testApp } from "../support/world.ts";

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const d1 = faultyD1(env.DB);
let clock = ownClock(NOW);
let app: TestApp;

beforeEach(async () => {
  await emptyLedger();
  await emptyBlobs();
  d1.plan(null);
  clock = ownClock(NOW);
  app = testApp({
    now: clock.now,
    newId: () => uuidv7(clock.now()),
    db: d1.db,
    log: () => undefined,
  });
});

function retention(days: number, contentDays: number | null = null) {
  const change = { retentionDays: days, contentRetentionDays: contentDays, plan: null };
  return changeAccount(env.DB, { ...change, softBounceCount: null, softBounceDays: null });
}

/** 61 days, 60 days and 59 days 23 h 59 min ago. */
const EDGES = [NOW - 61 * DAY, NOW - 60 * DAY, NOW - 60 * DAY + MINUTE] as const;

describe("the boundary", () => {
  it("is 60 days: events and messages of 60 days go, of 59 d 23 h 59 min stay", async () => {
    const ids = [];
    for (const at of EDGES) ids.push(await givenPast(at, [deliveredAt(at)]));
    await givenLog(...EDGES, NOW);
    await sweep(app);
    expect(await messagesLeft()).toEqual([ids[2]]);
    expect((await deliveries()).map(({ messageId }) => messageId)).toEqual([ids[2]]);
    expect(await logLeft()).toEqual([EDGES[2], NOW]);
    clock.advance(MINUTE - 1);
    await sweep(app);
    expect([await messagesLeft(), await logLeft()]).toEqual([[ids[2]], [EDGES[2], NOW]]);
    clock.advance(1);
    await sweep(app);
    expect([await messagesLeft(), await logLeft()]).toEqual([[], [NOW]]);
    expect(await countOf("contents")).toBe(0);
  });

  it("is counted from a bounce that came back later", async () => {
    const cameBack = NOW - 60 * DAY + MINUTE;
    await givenPast(NOW - 65 * DAY, [deliveredAt(NOW - 65 * DAY)]);
    const trace = { id: "x", kind: "bounce", at: 1, code: 10, reply: "", log: cameBack * 1000 };
    await env.DB.prepare("update deliveries set state = 'bounced', activity = ?1")
      .bind(JSON.stringify([trace]))
      .run();
    await purge(app);
    expect(await messagesLeft()).toHaveLength(1);
    clock.advance(MINUTE);
    await purge(app);
    expect(await messagesLeft()).toEqual([]);
  });

  it("of a retention of 90 days keeps all of them, and lets 90 days go", async () => {
    await retention(90);
    for (const at of EDGES) await givenPast(at, [deliveredAt(at)]);
    await givenLog(...EDGES, NOW);
    await purge(app);
    expect([await countOf("messages"), await countOf("event_log")]).toEqual([3, 4]);
    clock.advance(30 * DAY);
    await purge(app);
    expect([await countOf("messages"), await countOf("event_log")]).toEqual([1, 2]);
  });

  it("counts from the end of the last delivery, not from the send", async () => {
    const sent = NOW - 63 * DAY;
    const young = await givenPast(sent, [deliveredAt(sent), deliveredAt(NOW - 60 * DAY + 1)]);
    await givenPast(sent, [deliveredAt(sent), { state: "expired", at: NOW - 60 * DAY }]);
    await purge(app);
    expect(await messagesLeft()).toEqual([young]);
    expect(await countOf("deliveries")).toBe(2);
  });

  it("counts from the commit that the log row stands for", async () => {
    const at = NOW - 60 * DAY - 5;
    const committed = (time: number) => ({ ...deliveredAt(at), log: time * 1000 + 7 });
    const young = await givenPast(at, [committed(NOW - 60 * DAY + 1)]);
    await givenPast(at, [committed(NOW - 60 * DAY)]);
    await purge(app);
    expect(await messagesLeft()).toEqual([young]);
  });

  it("counts from the send where nothing was attempted", async () => {
    const [old, edge, young] = EDGES;
    for (const at of [old, edge]) await givenPast(at, [{ state: "suppressed", at: null }]);
    const left = await givenPast(young, [{ state: "suppressed", at: null }]);
    await purge(app);
    expect(await messagesLeft()).toEqual([left]);
  });
});

describe("what is purged", () => {
  it("has only terminal states; one open delivery keeps the whole message, however old", async () => {
    const at = NOW - 700 * DAY;
    const stay = [];
    for (const state of DELIVERY_STATES) {
      const id = await givenPast(at, [deliveredAt(at), { state, at }]);
      if (!TERMINAL_STATES.some((terminal) => terminal === state)) stay.push(id);
    }
    // Scheduled: accepted long ago, due far ahead.
    stay.push(await givenPast(at, [{ state: "queued", at: null, dueAt: NOW + 300 * DAY }]));
    await purge(app);
    await purgeBlobs(app);
    expect(await messagesLeft()).toEqual(stay.sort());
    expect([await countOf("deliveries"), await countOf("contents")]).toEqual([7, 4]);
  });

  it("is found by any spelling of an address", async () => {
    const at = NOW - 61 * DAY;
    await givenPast(at, [deliveredAt(at)], { address: () => "SomeBody@Example.COM" });
    const id = await givenPast(at, [deliveredAt(at)], { address: () => "plain@example.com" });
    // What SQL's lower() would not give stands beside the address.
    await env.DB.prepare(
      `update messages set recipients = '[{"address":"ÄÖ@example.com","key":"äö@example.com"}]'
       where id = ?1`,
    )
      .bind(id)
      .run();
    await env.DB.prepare("update deliveries set recipient = 'äö@example.com' where message_id = ?1")
      .bind(id)
      .run();
    await purge(app);
    expect([await countOf("deliveries"), await countOf("messages")]).toEqual([0, 0]);
  });

  it("is a message of 1,000 recipients at once, and many of them one after the other", async () => {
    const at = NOW - 61 * DAY;
    for (let n = 0; n < 6; n++) {
      await givenPast(at + n, Array(1_000).fill(deliveredAt(at)));
    }
    d1.reset();
    await purge(app);
    expect([await countOf("deliveries"), await countOf("messages")]).toEqual([0, 0]);
    const batches = d1.calls().filter(({ sql }) => sql.includes("delete from deliveries"));
    expect(batches.length).toBe(2);
  });

  it("leaves suppressions alone", async () => {
    const at = NOW - 61 * DAY;
    const id = await givenPast(at, [{ state: "bounced", at }]);
    await env.DB.prepare(
      `insert into suppressions (address, scope, reason, message_id, created_at)
       values ('person0@example.com', 'bounce', '550', ?1, ?2)`,
    )
      .bind(id, at)
      .run();
    await purge(app);
    expect([await countOf("messages"), await countOf("suppressions")]).toEqual([0, 1]);
  });

  it("never is the newest log row: positions go on where they were", async () => {
    await givenLog(NOW - 100 * DAY, NOW - 90 * DAY, NOW - 80 * DAY);
    await purge(app);
    await purge(app);
    expect(await logLeft()).toEqual([NOW - 80 * DAY]);
  });

  it("is an exhausted webhook failure, but none that waits, nor a young one", async () => {
    const job = async (age: number, dueAt: number | null) => {
      const id = uuidv7(NOW - age);
      await env.DB.prepare(
        `insert into webhook_jobs (id, webhook_id, due_at, tries, entries, created_at)
         values (?1, 'w', ?2, 10, '[]', ?3)`,
      )
        .bind(id, dueAt, NOW - age)
        .run();
      return id;
    };
    await job(61 * DAY, null);
    await job(60 * DAY, null);
    const stay = [await job(61 * DAY, NOW + DAY), await job(60 * DAY - MINUTE, null)];
    await purge(app);
    const { results } = await env.DB.prepare("select id from webhook_jobs order by id").all<{
      id: string;
    }>();
    expect(results.map(({ id }) => id)).toEqual(stay);
  });

  it("leaves the cursors of webhooks where they are", async () => {
    await env.DB.prepare(
      `insert into webhooks (id, url, format, secret, cursor, state, created_at, updated_at)
       values ('w', 'http://127.0.0.1:4444', 'kasplo', 'x', ?1, 'enabled', 0, 0)`,
    )
      .bind((NOW - 90 * DAY) * 1000)
      .run();
    await givenLog(NOW - 90 * DAY, NOW - 61 * DAY, NOW - DAY);
    await purge(app);
    const row = await env.DB.prepare("select cursor from webhooks").first<{ cursor: number }>();
    expect(row?.cursor).toBe((NOW - 90 * DAY) * 1000);
    expect(await logLeft()).toEqual([NOW - DAY]);
  });
});

describe("contents", () => {
  const WEEK = [NOW - 8 * DAY, NOW - 7 * DAY, NOW - 7 * DAY + MINUTE] as const;

  it.each([false, true])(
    "go 7 days after the end, their messages stay (in R2: %s)",
    async (blob) => {
      const ids = [];
      for (const at of WEEK) ids.push(await givenPast(at, [deliveredAt(at)], { blob }));
      await purge(app);
      await purgeBlobs(app);
      expect(await messagesLeft()).toEqual(ids);
      expect(await countOf("contents")).toBe(blob ? 0 : 1);
      const left = await blobsLeft();
      expect(left.map((key) => key.split("/")[1])).toEqual(blob ? [ids[2]] : []);
      clock.advance(MINUTE);
      await purge(app);
      await purgeBlobs(app);
      expect([await countOf("contents"), (await blobsLeft()).length]).toEqual([0, 0]);
    },
  );

  it.each([false, true])(
    "stay while a delivery is open or ended later (in R2: %s)",
    async (blob) => {
      const sent = NOW - 9 * DAY;
      await givenPast(sent, [deliveredAt(sent), { state: "deferred", at: sent }], { blob });
      await givenPast(sent, [deliveredAt(sent), deliveredAt(NOW - 7 * DAY + 1)], { blob });
      await purge(app);
      await purgeBlobs(app);
      expect([await countOf("contents"), (await blobsLeft()).length]).toEqual(
        blob ? [0, 2] : [2, 0],
      );
    },
  );

  it("go with the message when the account keeps both equally long", async () => {
    await retention(60, 60);
    const [, edge, young] = EDGES;
    await givenPast(edge, [deliveredAt(edge)]);
    await givenPast(edge, [deliveredAt(edge)], { blob: true });
    await givenPast(young, [deliveredAt(young)]);
    const left = await givenPast(young, [deliveredAt(young)], { blob: true });
    await purge(app);
    expect(await countOf("messages")).toBe(2);
    expect(await countOf("contents")).toBe(1);
    expect((await blobsLeft()).map((key) => key.split("/")[1])).toEqual([left]);
  });

  it("that no message owns any more go too, in D1 and in R2", async () => {
    const at = NOW - 30 * DAY;
    await givenPast(at, [deliveredAt(at)]);
    await givenPast(at, [deliveredAt(at)], { blob: true });
    await env.DB.prepare("delete from messages").run();
    await purge(app);
    await purgeBlobs(app);
    expect([await countOf("contents"), (await blobsLeft()).length]).toEqual([0, 0]);
  });

  it("in R2 are looked through by the sweep once an hour", async () => {
    const at = NOW - 8 * DAY;
    await givenPast(at, [deliveredAt(at)], { blob: true });
    await sweep(app);
    expect((await blobsLeft()).length).toBe(1);
    clock.advance(17 * MINUTE);
    await sweep(app);
    expect((await blobsLeft()).length).toBe(0);
  });
});

describe("what must stay", () => {
  const OLD = NOW - 62 * DAY;

  it("is not in the way of what is behind it, and is not read again in the same hour", async () => {
    // More than two steps of messages that are open, before one that is over.
    await givenManyPast(1_100, OLD);
    await env.DB.prepare("update deliveries set state = 'deferred'").run();
    await env.DB.prepare("delete from event_log").run();
    const open = await messagesLeft();
    await givenPast(OLD + 5_000, [deliveredAt(OLD)]);
    d1.reset();
    await purge(app);
    expect(await messagesLeft()).toEqual(open);
    // Two full steps that kept all: remembered for the messages and for the contents.
    expect(d1.rowsWritten()).toBe(3 + 2 * 2);

    const judged = async () => {
      d1.reset();
      await purge(app);
      return d1.calls().filter(({ sql }) => sql.includes("sized")).length;
    };
    clock.advance(30 * MINUTE);
    expect(await judged()).toBe(2);
    expect(d1.rowsWritten()).toBe(0);
    // After an hour both walks start again, and see who ended meanwhile.
    await env.DB.prepare("update deliveries set state = 'bounced'").run();
    clock.advance(30 * MINUTE);
    expect(await judged()).toBe(2);
    expect(await judged()).toBeGreaterThan(2);
    expect(await messagesLeft()).toEqual([]);
  });

  it("is passed in R2 as well", { timeout: 60_000 }, async () => {
    const open = Array.from({ length: 502 }, (_, n) =>
      givenPast(OLD + n, [{ state: "deferred", at: OLD }], { blob: true }),
    );
    await Promise.all(open);
    const over = await givenPast(OLD + 5_000, [deliveredAt(OLD)], { blob: true });
    await purgeBlobs(app);
    const { objects } = await env.CONTENT.list({ prefix: `content/${over}/` });
    expect(objects).toEqual([]);
    expect(await countOf("purge_walks")).toBe(1);
    clock.advance(HOUR);
    await purgeBlobs(app);
    expect(await countOf("purge_walks")).toBe(0);
  });
});

it("a run that finds nothing writes nothing and asks little", async () => {
  await givenPast(NOW, [deliveredAt(NOW)]);
  await givenLog(NOW);
  d1.reset();
  await purge(app);
  expect(d1.rowsWritten()).toBe(0);
  expect(d1.calls().length).toBeLessThanOrEqual(10);
});

// What an App hands out is counted: against what D1 itself tells underneath, against the platform's rules for
// R2 and queues, and over a whole email.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { type Env, makeApp } from "../../src/app.ts";
import worker from "../../src/index.ts";
import { meteredD1 } from "../../src/meter/d1.ts";
import { newMeter } from "../../src/meter/meter.ts";
import { meteredQuota } from "../../src/meter/objects.ts";
import { meteredQueue } from "../../src/meter/queue.ts";
import { meteredR2 } from "../../src/meter/r2.ts";
import { NO_USAGE, type Operation } from "../../src/model/usage.ts";
import { consume } from "../../src/queue/consume.ts";
import { readUsage } from "../../src/store/usage.ts";
import { startSmtpPeer } from "../peers/client.ts";
import { faultyD1 } from "../support/faults.ts";
import { emptyLedger } from "../support/ledger.ts";
import { quotaObject } from "../support/quota-object.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe("D1", () => {
  it("is counted row by row, as it tells itself, in every way that it is asked", async () => {
    const meter = newMeter();
    const below = faultyD1(env.DB);
    const db = meteredD1(below.db, meter);
    await db.prepare("create table if not exists meter_rows (n integer primary key)").run();
    await db.batch([
      db.prepare("insert into meter_rows (n) values (?1)").bind(1),
      db.prepare("insert into meter_rows (n) values (2), (3)"),
    ]);
    const { results } = await db.prepare("select n from meter_rows where n > ?1").bind(1).all();
    expect(results).toEqual([{ n: 2 }, { n: 3 }]);
    await db.prepare("drop table meter_rows").run();
    expect(meter.read()).toEqual({
      ...NO_USAGE,
      d1_rows_read: below.rowsRead(),
      d1_rows_written: below.rowsWritten(),
    });
    expect(below.rowsWritten()).toBeGreaterThanOrEqual(3);
  });

  it("cannot be asked in a way that could not be counted", () => {
    const db = meteredD1(env.DB, newMeter());
    expect(() => db.exec("select 1")).toThrow("exec() is not counted");
    expect(() => db.prepare("select 1").raw()).toThrow("raw() is not counted");
  });
});

describe("R2", () => {
  it("is counted by class, parts of uploads too; deleting is free", async () => {
    const meter = newMeter();
    const bucket = meteredR2(env.CONTENT, meter);
    await bucket.put("meter/a", "text");
    expect(await (await bucket.get("meter/a"))?.text()).toBe("text");
    expect((await bucket.head("meter/a"))?.size).toBe(4);
    await bucket.list({ prefix: "meter/" });
    const upload = await bucket.createMultipartUpload("meter/b");
    const part = await upload.uploadPart(1, "part");
    await bucket.resumeMultipartUpload("meter/b", upload.uploadId).complete([part]);
    await (await bucket.createMultipartUpload("meter/c")).abort();
    await bucket.delete(["meter/a", "meter/b"]);
    expect(meter.read()).toEqual({ ...NO_USAGE, r2_class_a: 6, r2_class_b: 2 });
  });
});

describe("a queue", () => {
  const queued = (meter = newMeter()) => {
    const metrics = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    const real: Queue = {
      send: () => Promise.resolve(metrics),
      sendBatch: () => Promise.resolve(metrics),
      metrics: () => Promise.resolve({ backlogCount: 0, backlogBytes: 0 }),
    };
    return { meter, queue: meteredQueue(real, meter) };
  };

  it.each([
    ["a wake-up", { kind: "events" }, 1],
    ["64 KB", "x".repeat(64 * 1024 - 2), 1],
    ["64 KB and a byte", "x".repeat(64 * 1024 - 1), 2],
    ["64 KB in fewer characters", "€".repeat(22_000), 2],
  ])("is counted by message and 64 KB: %s", async (_what, body, operations) => {
    const { meter, queue } = queued();
    await queue.send(body);
    await queue.sendBatch([{ body }, { body }]);
    expect(meter.read()).toEqual({ ...NO_USAGE, queue_operations: 3 * operations });
  });
});

describe("the quota's object", () => {
  it("is counted by call, and by the buckets that it leases from", async () => {
    const meter = newMeter();
    const object = quotaObject();
    const metered = meteredQuota(() => object, meter);
    const limits = { perSecond: 1, burst: 10, daily: null };
    const others = [{ name: "key:meter", limits }];
    const asking = { account: limits, others, surplus: 0, spare: { day: 0, tokens: 0 } };
    await metered.lease({ ...asking, sizes: [4] });
    await metered.lease({ ...asking, sizes: [40] });
    await metered.lease({ ...asking, sizes: [] });
    await metered.observe([]);
    await metered.pace();
    expect(meter.read()).toEqual({ ...NO_USAGE, object_requests: 5, object_rows_written: 3 });
  });
});

/** Bindings of a test's own, with a meter of their own, over the same database. */
function ownEnv(): { readonly env: Env; readonly below: ReturnType<typeof faultyD1> } {
  const below = faultyD1(env.DB);
  return { env: { ...env, DB: below.db }, below };
}

describe("an App", () => {
  it("counts a whole email: rows, wake-ups, and calls of objects", async () => {
    await emptyLedger();
    await givenDomain("edgepost.test");
    const { secret } = await givenKey();
    const peer = await startSmtpPeer();
    stops.push(peer.stop);
    const own = ownEnv();
    const sending = { ...own.env, RELAY_URL: `smtp://${peer.host}:${peer.port}` };
    const pending: Promise<unknown>[] = [];
    const app = makeApp(sending, { waitUntil: (work) => void pending.push(work) });
    expect((await ask(app, "POST", "/v1/send-email", { key: secret, body: email() })).status).toBe(
      200,
    );
    await consume(app, ["transactional"]);
    while (pending.length > 0) await pending.shift();
    expect((await peer.log()).messages).toHaveLength(1);
    const { d1_rows_read, d1_rows_written, ...others } = app.meter.read();
    expect([d1_rows_read, d1_rows_written]).toEqual([
      own.below.rowsRead(),
      own.below.rowsWritten(),
    ]);
    expect(d1_rows_written).toBeGreaterThanOrEqual(7);
    // The lane's wake-up and that of the webhooks are sent; the quota is asked.
    expect(others).toMatchObject({ worker_requests: 0, queue_operations: 2, r2_class_a: 0 });
    expect(others.object_requests).toBeGreaterThanOrEqual(1);
  });

  it("keeps what its doors counted, once in 30 s", async () => {
    await emptyLedger();
    const own = ownEnv();
    const open = async () => {
      const context = createExecutionContext();
      const answer = await worker.fetch(
        new Request("https://api.edgepost.test/healthz"),
        own.env,
        context,
      );
      expect(answer.status).toBe(200);
      await waitOnExecutionContext(context);
    };
    await open();
    const days = () => readUsage(env.DB, { from: 0, to: Number.MAX_SAFE_INTEGER });
    const [first, ...rest] = await days();
    expect([rest, first?.usage, first?.ownRows]).toEqual([
      [],
      { ...NO_USAGE, worker_requests: 1 },
      1,
    ]);
    expect(first?.at).toBe(Date.now() - (Date.now() % 86_400_000));
    for (let n = 0; n < 20; n++) await open();
    expect((await days())[0]?.usage.worker_requests).toBe(1);
    // What is kept costs one row, which is counted like any other.
    expect(makeApp(own.env, createExecutionContext()).meter.read()).toMatchObject({
      worker_requests: 20,
      d1_rows_written: 1,
    });
    expect(own.below.rowsWritten()).toBe(1);
  });

  it("counts messages that came, read and deleted", async () => {
    const own = ownEnv();
    const context = createExecutionContext();
    const message = { id: "1", timestamp: new Date(), attempts: 1, ack() {}, retry() {} };
    const batch = {
      queue: "edgepost-webhooks",
      metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
      messages: [0, 1, 2].map(() => ({ ...message, body: { kind: "events" } })),
      ackAll() {},
      retryAll() {},
    };
    await worker.queue(batch, own.env, context);
    await waitOnExecutionContext(context);
    const [day] = await readUsage(env.DB, { from: 0, to: Number.MAX_SAFE_INTEGER });
    expect(day?.usage).toMatchObject({ worker_requests: 2, queue_operations: 6 });
  });

  it("counts again what could not be kept", async () => {
    const own = ownEnv();
    const app = testApp();
    const { meter } = app;
    const before = meter.read();
    own.below.plan({ on: ({ sql }) => sql.includes("usage_days"), mode: "before" });
    const context = createExecutionContext();
    await worker.scheduled(
      { scheduledTime: Date.now(), cron: "* * * * *", noRetry() {} },
      own.env,
      context,
    );
    await waitOnExecutionContext(context);
    own.below.plan(null);
    const kept: Operation = "worker_requests";
    expect(makeApp(own.env, context).meter.read()[kept]).toBe(1);
    expect(meter.read()[kept]).toBe(before[kept]);
  });
});

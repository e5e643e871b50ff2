// The recorder: windows of 50 outcomes or 50 ms, one commit after the other, tried four times.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import type { DeliveryEvent } from "../../src/model/event.ts";
import { recorder } from "../../src/record/record.ts";
import { claimDue, type ClaimedDelivery } from "../../src/store/delivery-claim.ts";
import type { Settlement } from "../../src/store/delivery-settlement.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger, events, states } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
});

/** So many claimed deliveries, and a recorder over a D1 with faults. */
async function given(count: number) {
  const { secret: key } = await givenKey();
  const d1 = faultyD1(env.DB);
  const logged: unknown[] = [];
  let woken = 0;
  const app = testApp({
    db: d1.db,
    log: (level, event, fields) => void logged.push([level, event, fields?.["attempt"]]),
    wake: {
      lane: () => Promise.resolve(),
      endpoint: () => Promise.resolve(),
      background: () => Promise.resolve(),
      events: () => Promise.resolve(void (woken += 1)),
    },
  });
  const to = Array.from({ length: count }, (_, n) => `p${n}@example.com`);
  await ask(app, "POST", "/v1/send-email", { key, body: email({}, to) });
  const now = Date.now();
  const { deliveries } = await claimDue(env.DB, {
    lane: "transactional",
    now,
    leaseId: uuidv7(now),
    leaseUntil: now + 30_000,
    limit: 1_000,
    alone: false,
  });
  expect(deliveries.length).toBe(count);
  const settled: number[] = [];
  const record = recorder(app, (window) => void settled.push(window.length));
  d1.reset();
  return { record, deliveries, d1, app, logged, settled, woken: () => woken };
}

function delivered(delivery: ClaimedDelivery, change: Partial<Settlement> = {}): Settlement {
  const event: DeliveryEvent = {
    id: uuidv7(Date.now()),
    at: Date.now(),
    messageId: delivery.messageId,
    position: delivery.position,
    email: delivery.recipient,
    tags: "",
    sendId: "s",
    listId: "l",
    name: "delivery_attempt",
    from: "s@edgepost.test",
    injectedAt: 0,
    text: "ok\n",
    status: "success",
  };
  const said = { at: 1, relay: "r", code: null, reply: "250 ok", tls: false };
  const attempt = { ...said, result: "success" as const };
  const state = "delivered" as const;
  return { delivery, state, dueAt: null, attempt, events: [event], suppress: false, ...change };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe("a window", () => {
  it("is committed when it holds 50 outcomes, the rest when it is drained", async () => {
    const { record, deliveries, d1, settled, woken } = await given(120);
    for (const delivery of deliveries) record.add(delivered(delivery));
    await record.drain();
    expect(settled).toEqual([50, 50, 20]);
    expect(d1.calls().map(({ kind }) => kind)).toEqual(["batch", "batch", "batch"]);
    expect([await countOf("event_log"), woken()]).toEqual([3, 3]);
    expect(await states()).toEqual({ delivered: 120 });
    expect((await events()).map((event) => event.email)).toEqual(
      deliveries.map(({ recipient }) => recipient),
    );
  });

  it("is committed about 50 ms after its first outcome, without anybody asking", async () => {
    const { record, deliveries, settled } = await given(3);
    for (const delivery of deliveries) {
      record.add(delivered(delivery));
      await pause(10);
    }
    expect(settled).toEqual([]);
    await expect.poll(() => settled).toEqual([3]);
    expect(await states()).toEqual({ delivered: 3 });
  });

  it("that is empty is not committed", async () => {
    const { record, d1 } = await given(1);
    await record.drain();
    await record.drain();
    expect(d1.calls()).toEqual([]);
  });

  it("without events wakes nobody", async () => {
    const { record, deliveries, woken } = await given(1);
    for (const delivery of deliveries) record.add(delivered(delivery, { events: [] }));
    await record.drain();
    expect([woken(), await countOf("event_log")]).toEqual([0, 0]);
    expect(await states()).toEqual({ delivered: 1 });
  });
});

describe("a commit that fails", () => {
  it.each(["before", "after"] as const)("once, %s it was done, is repeated", async (mode) => {
    const { record, deliveries, d1, logged, settled, woken } = await given(2);
    d1.plan({ on: () => true, mode, times: 1 });
    for (const delivery of deliveries) record.add(delivered(delivery));
    await record.drain();
    expect([d1.calls().length, settled, woken()]).toEqual([2, [2], 1]);
    expect(logged).toEqual([["error", "record_failed", 1]]);
    expect(await states()).toEqual({ delivered: 2 });
    expect((await events()).length).toBe(2);
  });

  it("four times is given up: logged, let go, left to the lease; the next window goes on", async () => {
    const { record, deliveries, d1, logged, settled, woken } = await given(51);
    d1.plan({ on: () => true, mode: "before", times: 4 });
    for (const delivery of deliveries) record.add(delivered(delivery));
    await record.drain();
    expect([settled, woken()]).toEqual([[50, 1], 1]);
    expect(logged).toEqual([1, 2, 3, 4].map((attempt) => ["error", "record_failed", attempt]));
    expect(await states()).toEqual({ sending: 50, delivered: 1 });
    expect((await events()).map((event) => event.email)).toEqual([deliveries[50]?.recipient]);
  });
});

describe("a settlement whose lease is gone", () => {
  it("changes nothing and logs nothing, unless a relay accepted the mail", async () => {
    const { record, deliveries } = await given(2);
    const [first, second] = deliveries.map((delivery) => ({ ...delivery, leaseId: "lost" }));
    if (!first || !second) throw new Error("two were claimed");
    record.add(delivered(first, { state: "bounced", suppress: true }));
    record.add(delivered(second));
    await record.drain();
    expect(await states()).toEqual({ sending: 1, delivered: 1 });
    expect((await events()).map((event) => event.email)).toEqual([second.recipient]);
    expect(await countOf("suppressions")).toBe(0);
  });
});

describe("a bad address", () => {
  it("is suppressed with the relay's words, once, however often it is told", async () => {
    const { record, deliveries } = await given(2);
    const bad = { state: "bounced", suppress: true } as const;
    for (const delivery of deliveries) record.add(delivered(delivery, bad));
    for (const delivery of deliveries) record.add(delivered(delivery, bad));
    await record.drain();
    const { results } = await env.DB.prepare(
      "select address, scope, reason from suppressions order by address",
    ).all();
    expect(results).toEqual([
      { address: "p0@example.com", scope: "bounce", reason: "250 ok" },
      { address: "p1@example.com", scope: "bounce", reason: "250 ok" },
    ]);
  });
});

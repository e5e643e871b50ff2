// Windows of outcomes: when one is committed, what is committed once, and what happens when it cannot be.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { recorder } from "../../src/record/record.ts";
import { claimDue, type ClaimedDelivery } from "../../src/store/delivery-claim.ts";
import type { Settlement } from "../../src/store/delivery-settlement.ts";
import { countOf, events, states } from "../support/ledger.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

/** So many claimed deliveries, and a recorder that writes down what left its hands. */
async function given(count: number) {
  let woken = 0;
  const wake = {
    lane: () => Promise.resolve(),
    endpoint: () => Promise.resolve(),
    events: () => Promise.resolve(void (woken += 1)),
  };
  world = await queueWorld({}, { wake });
  for (let sent = 0; sent < count; sent += 100) {
    await world.send(people(Math.min(100, count - sent), `m${sent}-`));
  }
  const claimed: ClaimedDelivery[] = [];
  while (claimed.length < count) {
    const now = world.clock.now();
    const lease = {
      leaseId: crypto.randomUUID(),
      leaseUntil: now + 30_000,
      limit: 100,
      alone: true,
    };
    claimed.push(...(await claimDue(env.DB, { lane: "transactional", now, ...lease })).deliveries);
  }
  const windows: number[] = [];
  const record = recorder(world.app, (window) => void windows.push(window.length));
  world.d1.reset();
  return { record, windows, settlements: claimed.map(delivered), woken: () => woken };
}

function delivered(delivery: ClaimedDelivery): Settlement {
  const at = world.clock.now();
  const base = { id: crypto.randomUUID(), at, email: delivery.recipient, tags: "", sendId: "s" };
  return {
    delivery,
    state: "delivered",
    dueAt: null,
    attempt: { at, relay: "r", result: "success", code: null, reply: "250 ok", tls: null },
    events: [
      {
        ...base,
        messageId: delivery.messageId,
        position: delivery.position,
        listId: "l",
        name: "delivery_attempt",
        from: "s@edgepost.test",
        injectedAt: at,
        text: "text\n",
        status: "success",
      },
    ],
    suppress: false,
  };
}

const commits = () => world.d1.calls().filter(({ sql }) => sql.includes("insert into event_log"));

describe("a window", () => {
  it("is committed when it holds 50, the rest when the run ends", async () => {
    const { record, windows, settlements, woken } = await given(120);
    for (const settlement of settlements) record.add(settlement);
    await record.drain();
    await world.app.idle();
    expect(windows).toEqual([50, 50, 20]);
    expect([await countOf("event_log"), (await events()).length, woken()]).toEqual([3, 120, 3]);
    expect(await states()).toEqual({ delivered: 120 });
  });

  it("is committed when its first outcome is 100 ms old, without anybody asking", async () => {
    const { record, windows, settlements } = await given(3);
    for (const settlement of settlements) record.add(settlement);
    expect(commits()).toEqual([]);
    await expect.poll(() => windows).toEqual([3]);
    expect(await states()).toEqual({ delivered: 3 });
  });

  it("is never empty", async () => {
    const { record, windows } = await given(0);
    await record.drain();
    expect([windows, world.d1.calls()]).toEqual([[], []]);
  });
});

describe("a commit that fails", () => {
  it.each(["before", "after"] as const)(
    "%s it is done is repeated, and tells once",
    async (mode) => {
      const { record, windows, settlements, woken } = await given(5);
      world.d1.plan({ on: () => true, mode, times: 1 });
      for (const settlement of settlements) record.add(settlement);
      await record.drain();
      await world.app.idle();
      expect([commits().length, windows]).toEqual([2, [5]]);
      expect([await countOf("event_log"), (await events()).length]).toEqual([1, 5]);
      // Also when the first commit succeeded unseen: somebody has to hear of it.
      expect(woken()).toBe(1);
      expect(world.logged).toEqual(["record_failed"]);
    },
  );

  it("for good gives its window up and goes on with the next", async () => {
    const { record, windows, settlements, woken } = await given(60);
    world.d1.plan({ on: () => true, mode: "before", times: 4 });
    for (const settlement of settlements) record.add(settlement);
    await record.drain();
    await world.app.idle();
    expect([commits().length, windows, woken()]).toEqual([5, [50, 10], 1]);
    expect(await states()).toEqual({ sending: 50, delivered: 10 });
    expect((await events()).length).toBe(10);
  });

  it("to wake the webhooks harms nothing: the sweep finds them", async () => {
    const { settlements } = await given(1);
    const refusing = { ...world.app.wake, events: () => Promise.reject(new Error("injected")) };
    const record = recorder({ ...world.app, wake: refusing }, () => {});
    for (const settlement of settlements) record.add(settlement);
    await record.drain();
    await world.app.idle();
    expect(await states()).toEqual({ delivered: 1 });
    expect(world.logged).toEqual(["wake_webhooks_failed"]);
  });
});

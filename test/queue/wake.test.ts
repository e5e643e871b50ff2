// F05–F07: wake-ups that are lost, repeated or refused change nothing but the time of delivery.
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { wakeOver } from "../../src/queue/wake.ts";
import { faultyQueue, type QueueMode } from "../support/faults.ts";
import { copies, deliveries, events, states } from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import type { TestApp } from "../support/world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

/** A world whose wake-ups go through real wake code and a queue that misbehaves. */
async function withQueue(mode: () => QueueMode): Promise<{
  readonly app: TestApp;
  readonly sent: ReturnType<typeof faultyQueue>["sent"];
}> {
  const late: { app?: TestApp } = {};
  const delivery = faultyQueue(mode, async () => {
    if (late.app) await consume(late.app);
  });
  const webhook = faultyQueue(
    () => "lose",
    () => Promise.resolve(),
  );
  const wake = wakeOver({ delivery: delivery.queue, webhook: webhook.queue });
  world = await queueWorld({}, { wake });
  late.app = world.app;
  return { app: world.app, sent: delivery.sent };
}

/** Nobody received a second copy. */
async function expectOnceEach(count: number): Promise<void> {
  const seen = await copies(world.peer);
  expect([seen.length, new Set(seen).size]).toEqual([count, count]);
}

describe("wake-ups that are repeated (F05)", () => {
  it.each(["twice", "five at once"] as const)("%s: everybody receives one copy", async (mode) => {
    const { app, sent } = await withQueue(() => mode);
    for (let n = 0; n < 10; n++) await world.send(people(20, `m${n}-`));
    await app.idle();
    expect(sent().length).toBeGreaterThanOrEqual(10);
    expect(await states()).toEqual({ delivered: 200 });
    expect((await deliveries()).every(({ attempts }) => attempts === 1)).toBe(true);
    await expectOnceEach(200);
  });

  it("one claim of five at once costs nobody an attempt", async () => {
    world = await queueWorld();
    await world.send(people(100));
    await Promise.all(Array.from({ length: 5 }, () => consume(world.app)));
    expect(await states()).toEqual({ delivered: 100 });
    expect((await events()).length).toBe(100);
    await expectOnceEach(100);
  });
});

describe("wake-ups that are lost (F06)", () => {
  it("every one: the sweep wakes the lane, and all is delivered", async () => {
    let mode: QueueMode = "lose";
    const { app, sent } = await withQueue(() => mode);
    await world.send(people(50));
    await app.idle();
    expect(sent()).toEqual([{ job: { kind: "lane", lane: "transactional" }, delaySeconds: 0 }]);
    expect(await states()).toEqual({ queued: 50 });
    mode = "deliver";
    world.clock.advance(MINUTE);
    await sweep(app);
    expect(sent().slice(1)).toEqual([
      { job: { kind: "lane", lane: "transactional" }, delaySeconds: 0 },
    ]);
    expect(await states()).toEqual({ delivered: 50 });
    await expectOnceEach(50);
  });

  it("one in five: nothing is lost and nobody waits for more than one sweep", async () => {
    let sends = 0;
    const { app } = await withQueue(() => (++sends % 5 === 0 ? "lose" : "deliver"));
    for (let n = 0; n < 25; n++) await world.send([`p${n}@example.com`]);
    await app.idle();
    world.clock.advance(MINUTE);
    await sweep(app);
    await app.idle();
    expect(await states()).toEqual({ delivered: 25 });
    await expectOnceEach(25);
  });
});

describe("a queue that refuses wake-ups (F07, C4)", () => {
  it("does not undo the 200; mail goes out as soon as anybody wakes the lane", async () => {
    let mode: QueueMode = "throw";
    const { app, sent } = await withQueue(() => mode);
    const ids = await Promise.all(people(10).map((address) => world.send([address])));
    expect(new Set(ids).size).toBe(10);
    await app.idle();
    expect(world.logged).toEqual(Array(10).fill("wake_lane_failed"));
    expect(await states()).toEqual({ queued: 10 });
    expect(sent().length).toBe(10);
    mode = "deliver";
    world.clock.advance(MINUTE);
    await sweep(app);
    expect(await states()).toEqual({ delivered: 10 });
    await expectOnceEach(10);
  });
});

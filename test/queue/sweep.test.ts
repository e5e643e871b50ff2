// The sweep (I13, F21, F22): wakes what nobody woke, at the right time, twice or late without harm.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { copies, deliveries, onlyDelivery, states } from "../support/ledger.ts";
import {
  HOUR,
  people,
  queueWorld,
  type QueueWorld,
  SECOND,
  START,
} from "../support/queue-world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

async function given(): Promise<QueueWorld> {
  world = await queueWorld();
  return world;
}

/** What one sweep wakes. */
async function sweptWakes(): Promise<readonly (readonly [string, number])[]> {
  world.woken.length = 0;
  await sweep(world.app);
  return world.woken.map(({ lane, delaySeconds }) => [lane, delaySeconds] as const);
}

/** Makes a new delivery due at this time of the clock. */
async function dueAt(address: string, at: number, mailClass = "transactional"): Promise<void> {
  await world.send([address], { metadata: { mailClass } });
  await env.DB.prepare("update deliveries set due_at = ?2 where recipient = ?1")
    .bind(address, at)
    .run();
}

describe("what a sweep wakes", () => {
  it("is nothing when nothing is due", async () => {
    const { send } = await given();
    expect(await sweptWakes()).toEqual([]);
    await send(["a@example.com"]);
    await consume(world.app);
    expect(await sweptWakes()).toEqual([]);
  });

  it("is what nobody woke: now", async () => {
    await given();
    await dueAt("a@example.com", START);
    await dueAt("b@example.com", START - 3 * SECOND);
    const wakes = await sweptWakes();
    expect(new Set(wakes.map(String))).toEqual(new Set(["transactional,0"]));
  });

  it("is what comes due within 90 s, each with its delay, in both lanes", async () => {
    await given();
    await dueAt("a@example.com", START + 45 * SECOND);
    await dueAt("b@example.com", START + 89 * SECOND);
    await dueAt("c@example.com", START + 91 * SECOND);
    await dueAt("d@example.com", START + 30 * SECOND, "marketing");
    expect(new Set(await sweptWakes())).toEqual(
      new Set([
        ["transactional", 45],
        ["transactional", 89],
        ["marketing", 30],
      ]),
    );
  });

  it("is a lease that will end, when it ends", async () => {
    const { send } = await given();
    await send(["a@example.com"]);
    await claimDue(env.DB, {
      lane: "transactional",
      now: START,
      leaseId: "lost",
      leaseUntil: START + 20 * SECOND,
      limit: 1,
      alone: true,
    });
    expect(await sweptWakes()).toEqual([["transactional", 20]]);
  });

  it("is each moment once, however many are due then", async () => {
    const { send } = await given();
    await send(people(500));
    expect(await sweptWakes()).toEqual([["transactional", 0]]);
  });

  it("is never later than a worker needs it: the wake-up finds the work due", async () => {
    const { clock, peer } = await given();
    await dueAt("a@example.com", START + 44_321);
    const [[, delay] = ["", 0]] = await sweptWakes();
    clock.advance(delay * SECOND);
    await consume(world.app);
    expect(await copies(peer)).toHaveLength(1);
  });

  it("is also every endpoint that has something to read, even if the lanes cannot be woken", async () => {
    const { app, send } = await given();
    const id = app.newId();
    await env.DB.prepare(
      `insert into webhooks (id, url, events, format, secret, cursor, state, created_at, updated_at)
       values (?1, 'http://127.0.0.1:4444', null, 'kasplo', 'x', 0, 'enabled', 0, 0)`,
    )
      .bind(id)
      .run();
    await send(["a@example.com"]);
    await consume(app);
    await send(["b@example.com"]);
    const tails: string[] = [];
    const refusing = { ...app.wake, lane: () => Promise.reject(new Error("Queue: injected")) };
    const wakeTail = (webhookId: string) => Promise.resolve(void tails.push(webhookId));
    await sweep({ ...app, wake: refusing, wakeTail }).catch(() => undefined);
    expect(tails).toEqual([id]);
  });
});

describe("sweeps that do not come when they should", () => {
  it("missed for three days, one does it all (F21)", async () => {
    const { app, send, clock, peer } = await given();
    await send(people(20));
    await send(people(20, "m"), { metadata: { mailClass: "marketing" } });
    clock.advance(71 * HOUR);
    const lanes = new Set((await sweptWakes()).map(([lane]) => lane));
    expect(lanes).toEqual(new Set(["transactional", "marketing"]));
    await consume(app);
    expect(await states()).toEqual({ delivered: 40 });
    expect(await copies(peer)).toHaveLength(40);
  });

  it("five at once do what one does (F22)", async () => {
    const { app, send, clock } = await given();
    await send(["poison@example.com"]);
    for (let loss = 0; loss < 5; loss++) {
      await claimDue(env.DB, {
        lane: "transactional",
        now: clock.now(),
        leaseId: `lost-${loss}`,
        leaseUntil: clock.now() + SECOND,
        limit: 1,
        alone: true,
      });
      clock.advance(SECOND);
    }
    await Promise.all(Array.from({ length: 5 }, () => sweep(app)));
    const held = await onlyDelivery();
    expect([held.state, held.attempts, held.history.length]).toEqual(["held", 5, 5]);
  });

  it("five at once beside five runs deliver once (F22)", async () => {
    const { app, send, peer } = await given();
    await send(people(50));
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await sweep(app);
        await consume(app);
      }),
    );
    expect((await deliveries()).every(({ attempts }) => attempts === 1)).toBe(true);
    const seen = await copies(peer);
    expect([seen.length, new Set(seen).size]).toEqual([50, 50]);
  });
});

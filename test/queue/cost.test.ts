// What a run costs (reliability §3, performance): connections, round trips, rows written, D1 calls.
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import type { SmtpScript } from "../peers/script.ts";
import { countOf, states } from "../support/ledger.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { email } from "../support/world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

async function given(script: SmtpScript = {}): Promise<QueueWorld> {
  world = await queueWorld(script);
  return world;
}

/** Runs the consumer once and waits for what it left in the background. */
async function run(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
}

describe("many due deliveries", () => {
  it("share at most 4 connections: 300 of 3 messages", async () => {
    const { send, peer } = await given({ keepContent: false });
    for (const name of ["a", "b", "c"]) await send(people(100, name));
    await run();
    expect(await states()).toEqual({ delivered: 300 });
    const { maxConnections, messages } = await peer.log();
    expect(messages.length).toBe(300);
    expect(new Set(messages.map(({ to }) => to[0])).size).toBe(300);
    expect(maxConnections).toBeLessThanOrEqual(4);
    expect(maxConnections).toBeGreaterThan(1);
  });

  it("need at most 1.1 round trips each: 100 of 100 messages", async () => {
    const { send, peer } = await given({ keepContent: false });
    for (const address of people(100)) await send([address]);
    await run();
    const { roundTrips, messages, maxConnections } = await peer.log();
    expect([messages.length, maxConnections <= 4]).toEqual([100, true]);
    expect(roundTrips / messages.length).toBeLessThanOrEqual(1.1);
  });

  it("go in the order of their lane: transactional first", async () => {
    const { send, peer } = await given({ keepContent: false });
    await send(people(120, "m"), { metadata: { mailClass: "marketing" } });
    await send(["otp@example.com"]);
    await run();
    const order = (await peer.log()).messages.map(({ to }) => to[0]);
    expect([order.length, order[0]]).toEqual([121, "otp@example.com"]);
  });
});

/** The purge deletes each inserted row again: one more row written for each. */
const INSERTED_FOR_ONE = 4;

describe("the bill in rows written", () => {
  it("is at most 12 for a lone email, purge included; 13 with an idempotency key", async () => {
    const { post, d1 } = await given();
    const body = email();
    const bill = async (headers: Record<string, string>) => {
      d1.reset();
      expect((await post(body, headers)).status).toBe(200);
      await run();
      return d1.rowsWritten() + INSERTED_FOR_ONE;
    };
    expect(await bill({})).toBeLessThanOrEqual(12);
    expect(await bill({ "Idempotency-Key": "once" })).toBeLessThanOrEqual(13);
  });

  it("is at most 6 an email for a message to 100", async () => {
    const { send, d1 } = await given({ keepContent: false });
    d1.reset();
    await send(people(100));
    await run();
    expect(await states()).toEqual({ delivered: 100 });
    const inserted =
      100 +
      (await countOf("messages")) +
      (await countOf("contents")) +
      (await countOf("event_log"));
    expect((d1.rowsWritten() + inserted) / 100).toBeLessThanOrEqual(6);
  });

  it("is one D1 round trip for an accept whose key and domain are remembered", async () => {
    const { send, d1 } = await given();
    await send(["a@example.com"]);
    d1.reset();
    await send(["b@example.com"]);
    expect(d1.calls().map(({ kind }) => kind)).toEqual(["batch"]);
  });
});

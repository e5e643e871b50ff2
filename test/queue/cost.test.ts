// What a run costs (reliability §3, performance): connections, round trips, rows written, D1 calls.
import { afterEach, describe, expect, it } from "vitest";
import { runTail } from "../../src/notify/tail.ts";
import { consume } from "../../src/queue/consume.ts";
import { purge } from "../../src/queue/purge.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { startHttpReceiver } from "../peers/client.ts";
import type { SmtpScript } from "../peers/script.ts";
import { countOf, states } from "../support/ledger.ts";
import { DAY } from "../support/past.ts";
import { MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { BROWSER, follow, tracking } from "../support/tracking.ts";
import { ask, email } from "../support/world.ts";

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

  it.each([
    ["12 for a tracked one, sent alone, in windows of 50", 12, people(50).map((one) => [one])],
    ["8 for a tracked one of a message to 100", 8, [people(100)]],
  ])("is at most %s: accept, attempt, open, click, webhook, purge", async (_what, most, sends) => {
    const queue = tracking();
    world = await queueWorld({ keepContent: false }, queue);
    const { app, clock, d1, key } = world;
    const hook = await startHttpReceiver();
    const created = await ask(app, "POST", "/v1/webhooks", { key, body: { url: hook.url } });
    const { data } = await created.json<{ data: { id: string } }>();
    await world.send(["first@example.com"]);
    await run();
    d1.reset();

    const places: { messageId: string; position: number }[] = [];
    for (const to of sends) {
      const messageId = await world.send(to, { html: '<a href="https://x/">x</a>' });
      places.push(...to.map((_, position) => ({ messageId, position })));
    }
    await run();
    clock.advance(MINUTE);
    for (const kind of ["open", "click"] as const) {
      const rest = kind === "click" ? { kind, index: 0, url: "https://x/" } : { kind };
      for (const place of places) {
        const url = await queue.links?.urlOf({ ...rest, ...place });
        await follow(app, url ?? "", { headers: { "User-Agent": BROWSER } });
      }
      await app.idle();
      const facts = queue.facts.splice(0);
      while (facts.length > 0) await recordFacts(app, facts.splice(0, 50));
    }
    await runTail(app, data.id);
    expect(await hook.requests()).toHaveLength(1 + 3 * places.length);
    await hook.stop();
    clock.advance(8 * DAY);
    await purge(app);
    // Another message's log row is the newest then, so that all of these may go.
    const beside = d1.rowsWritten();
    clock.advance(60 * DAY);
    await world.send(["later@example.com"]);
    await run();
    const later = d1.rowsWritten() - beside;
    await purge(app);
    expect([await countOf("messages"), await countOf("event_log")]).toEqual([1, 1]);

    const rows = (d1.rowsWritten() - later) / places.length;
    expect(rows).toBeLessThanOrEqual(most);
    expect(rows).toBeGreaterThan(most / 2);
  });

  it("is one D1 round trip for an accept whose key and domain are remembered", async () => {
    const { send, d1 } = await given();
    await send(["a@example.com"]);
    d1.reset();
    await send(["b@example.com"]);
    expect(d1.calls().map(({ kind }) => kind)).toEqual(["batch"]);
  });
});

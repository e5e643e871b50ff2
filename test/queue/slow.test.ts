// A relay that thinks for 11 s about one message: nobody else's mail waits for it, its lease is kept
// alive meanwhile, and it arrives once. The clock runs, because waiting is what is tested.
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { copies, deliveries, states } from "../support/ledger.ts";
import { people, queueWorld, type QueueWorld, SECOND } from "../support/queue-world.ts";

/** Longer than the 10 s after which leases are renewed. */
const THINKS_MS = 11_000;

/** What is slow is known after 2 s; then others go. */
const OTHERS_MS = 4_500;

let world: QueueWorld;
afterEach(() => world.stop());

describe("a slow attempt", () => {
  it("holds no other due delivery, old or new, and keeps its lease though one renewal fails", async () => {
    world = await queueWorld(
      {
        rules: [{ at: "dot", match: "slow@", do: { reply: "250 2.0.0 Ok", delay: THINKS_MS } }],
      },
      { now: () => Date.now() },
    );
    const { app, peer, send, d1, logged } = world;
    d1.plan({ on: ({ sql }) => /set lease_until = \?2/.test(sql), mode: "after", times: 1 });
    const start = Date.now();
    await send(["slow@example.com"]);
    await send(people(20));
    const running = consume(app);
    const soon = await peer.until(({ messages }) => messages.length >= 21, OTHERS_MS);
    const delivered = soon.messages.filter(({ to }) => to[0] !== "slow@example.com");
    expect(delivered).toHaveLength(20);
    expect(Math.max(...delivered.map(({ at }) => at)) - start).toBeLessThan(OTHERS_MS);

    await send(["new@example.com"]);
    const sent = Date.now();
    const later = await peer.until(({ messages }) => messages.length >= 22, OTHERS_MS);
    const fresh = later.messages.find(({ to }) => to[0] === "new@example.com");
    expect((fresh?.at ?? Infinity) - sent).toBeLessThan(2 * SECOND);
    expect(Date.now() - start).toBeLessThan(THINKS_MS);
    const slow = (await deliveries()).find(({ recipient }) => recipient === "slow@example.com");
    expect(slow?.state).toBe("sending");

    await running;
    await app.idle();
    expect(d1.broken()).toBe(1);
    expect(logged).toEqual(["renew_failed"]);
    expect(await states()).toEqual({ delivered: 22 });
    const seen = await copies(peer);
    expect([seen.length, new Set(seen).size]).toEqual([22, 22]);
    expect((await peer.log()).maxConnections).toBeLessThanOrEqual(4);
  }, 30_000);
});

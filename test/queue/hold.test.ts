// A restore starts in hold mode (promise g): nothing leaves that may have left already, nothing is lost,
// and the ledger says why.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { copies, deliveries } from "../support/ledger.ts";
import { MINUTE, type QueueWorld, queueWorld, START } from "../support/queue-world.ts";
import { ask } from "../support/world.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

function hold(accepted_before: string) {
  return ask(world.app, "POST", "/v1/deliveries/hold", {
    key: world.key,
    body: { accepted_before },
  });
}

function held() {
  return { ...world.app, config: { ...world.app.config, deliveryHold: true } };
}

describe("hold mode", () => {
  it("accepts and delivers nothing; without it everything goes on", async () => {
    await world.send(["ann@example.com"]);
    world.woken.length = 0;
    await consume(held());
    await sweep(held());
    expect([await copies(world.peer), world.woken]).toEqual([[], []]);
    await consume(world.app);
    expect((await copies(world.peer)).length).toBe(1);
  });

  it("holds what was open when the copy was made, and lets later mail leave", async () => {
    await world.send(["old@example.com", "old2@example.com"], {
      metadata: { mailClass: "marketing" },
    });
    await world.send(["old3@example.com"]);
    world.clock.advance(10 * MINUTE);
    await world.send(["new@example.com"]);
    const answer = await hold(new Date(START + 5 * MINUTE).toISOString());
    expect(await answer.json()).toEqual({ data: { held: 3, more: false } });
    expect(await (await hold(new Date(START + 5 * MINUTE).toISOString())).json()).toEqual({
      data: { held: 0, more: false },
    });
    await consume(world.app);
    expect((await copies(world.peer)).length).toBe(1);
    const left = (await deliveries()).find(({ state }) => state === "delivered");
    expect(left?.recipient).toBe("new@example.com");
    const states = await deliveries();
    expect(states.map(({ state }) => state).toSorted()).toEqual([
      "delivered",
      "held",
      "held",
      "held",
    ]);
    const ledger = await env.DB.prepare(
      "select history from deliveries where state = 'held'",
    ).all();
    expect(JSON.stringify(ledger.results)).toContain("held after a restore");
  });

  it("refuses a time to come", async () => {
    const answer = await hold(new Date(START + 60 * MINUTE).toISOString());
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { field: "accepted_before" } });
  });
});

describe("/v1/health and /healthz", () => {
  it("say how things are, the second without a key", async () => {
    await world.send(["ann@example.com"]);
    world.clock.advance(10 * MINUTE);
    const health = await ask(world.app, "GET", "/v1/health", { key: world.key });
    expect(await health.json()).toMatchObject({
      data: {
        status: "attention",
        concerns: ["deliveries of the transactional lane are late"],
        delivery: "running",
        lanes: [
          { lane: "transactional", late_seconds: 600 },
          { lane: "marketing", late_seconds: 0 },
        ],
      },
    });
    const alive = await ask(world.app, "GET", "/healthz");
    expect([alive.status, await alive.json()]).toEqual([200, { status: "ok" }]);
    expect((await ask(world.app, "GET", "/v1/health")).status).toBe(401);
  });
});

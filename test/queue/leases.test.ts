// Leases, ambiguity and poison (architecture §3, I2–I4): what a process that vanished leaves behind,
// what a copy in doubt becomes, and that one bad delivery never holds or harms another.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { markContent } from "../../src/store/delivery-lease.ts";
import type { SmtpScript } from "../peers/script.ts";
import {
  copies,
  deliveries,
  drain,
  events,
  messageIdOf,
  onlyDelivery,
  states,
} from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld, SECOND } from "../support/queue-world.ts";

const LEASE = 30 * SECOND;

let world: QueueWorld;
afterEach(() => world.stop());

async function given(script: SmtpScript = {}, overrides: Partial<App> = {}): Promise<QueueWorld> {
  world = await queueWorld(script, overrides);
  return world;
}

async function run(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
}

/** Another process claims what is due and is never heard of again. */
async function claimedAndLost() {
  const now = world.clock.now();
  return claimDue(env.DB, {
    lane: "transactional",
    now,
    leaseId: crypto.randomUUID(),
    leaseUntil: now + LEASE,
    limit: 100,
    alone: true,
  });
}

const resultsOf = (history: readonly { result: string }[]) => history.map(({ result }) => result);

describe("a lease that was lost", () => {
  it("is respected while it lasts", async () => {
    const { send, clock, peer } = await given();
    await send(["a@example.com"]);
    await claimedAndLost();
    clock.advance(LEASE - 1);
    await run();
    expect((await onlyDelivery()).state).toBe("sending");
    expect(await copies(peer)).toEqual([]);
  });

  it("is taken over when it ends, and the same UPDATE writes the unknown attempt down", async () => {
    const { send, clock, peer, d1 } = await given();
    await send(["a@example.com"]);
    await claimedAndLost();
    clock.advance(LEASE);
    d1.reset();
    await run();
    const delivery = await onlyDelivery();
    expect([delivery.state, delivery.attempts, delivery.losses]).toEqual(["delivered", 2, 0]);
    expect(resultsOf(delivery.history)).toEqual(["unknown", "success"]);
    expect(delivery.history[0]).toMatchObject({ at: clock.now(), relay: "", log: null });
    expect(await copies(peer)).toHaveLength(1);
    const claims = d1
      .calls()
      .flatMap(({ sql }) => sql.split(";\n").filter((one) => one.startsWith("with due as")));
    expect(claims.length).toBeGreaterThan(0);
    for (const sql of claims) expect(sql).toMatch(/update deliveries set .*'unknown'/s);
  });

  it("three times makes a delivery go alone, and delivers it", async () => {
    const { send, clock, peer } = await given();
    await send(["suspect@example.com"]);
    for (let loss = 0; loss < 3; loss++) {
      await claimedAndLost();
      clock.advance(LEASE);
    }
    await send(people(3));
    await run();
    expect(await states()).toEqual({ delivered: 4 });
    expect(await copies(peer)).toHaveLength(4);
    const [suspect] = await deliveries();
    expect(resultsOf(suspect?.history ?? [])).toEqual(["unknown", "unknown", "unknown", "success"]);
  });

  it("five times makes the sweep hold it, for a person to look at", async () => {
    const { app, send, clock, peer, logged } = await given();
    await send(["poison@example.com"]);
    for (let loss = 0; loss < 5; loss++) {
      expect((await claimedAndLost()).deliveries).toHaveLength(1);
      clock.advance(LEASE);
    }
    expect((await claimedAndLost()).deliveries).toEqual([]);
    await sweep(app);
    const held = await onlyDelivery();
    expect(held).toMatchObject({ state: "held", dueAt: null, leaseId: null, attempts: 5 });
    expect(resultsOf(held.history)).toEqual(Array(5).fill("unknown"));
    expect(logged).toContain("deliveries_held");
    clock.advance(60 * MINUTE);
    await sweep(app);
    await run();
    expect((await onlyDelivery()).history).toHaveLength(5);
    expect(await copies(peer)).toEqual([]);
  });
});

describe("a poison message", () => {
  it("whose content is gone from R2 ends held; the others are delivered at once", async () => {
    const { app, send, clock, peer } = await given();
    const before = new Set((await env.CONTENT.list()).objects.map(({ key }) => key));
    await send(["poison@example.com"], { text: "x".repeat(60_000) });
    const objects = (await env.CONTENT.list()).objects.filter(({ key }) => !before.has(key));
    expect(objects).toHaveLength(1);
    for (const { key } of objects) await env.CONTENT.delete(key);
    await send(people(30));
    await run();
    expect(await states()).toEqual({ delivered: 30, held: 1 });
    await drain(app, clock);
    expect(await states()).toEqual({ delivered: 30, held: 1 });
    expect(await copies(peer)).toHaveLength(30);
  });

  it("whose content R2 does not give is tried again until it does", async () => {
    let failing = true;
    const blobs = new Proxy(env.CONTENT, {
      get(target, name) {
        if (name === "get" && failing) return () => Promise.reject(new Error("R2 is down"));
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const { app, send, clock, peer } = await given({}, { blobs });
    await send(["large@example.com"], { text: "x".repeat(60_000) });
    for (let minute = 0; minute < 10; minute++) {
      await run();
      await app.idle();
      expect(await states()).toEqual({ queued: 1 });
      clock.advance(MINUTE);
    }
    failing = false;
    await run();
    expect(await states()).toEqual({ delivered: 1 });
    expect((await onlyDelivery()).history).toHaveLength(1);
    expect(await copies(peer)).toHaveLength(1);
  });

  it("that cannot be composed ends held; the others are delivered at once", async () => {
    const { app, send, clock, peer, logged } = await given();
    const id = await send(["poison@example.com"]);
    await env.DB.prepare("update contents set head = '{' where message_id = ?1").bind(id).run();
    await send(people(30));
    await run();
    expect(await states()).toEqual({ delivered: 30, sending: 1 });
    expect(logged).toContain("compose_failed");
    await drain(app, clock);
    expect(await states()).toEqual({ delivered: 30, held: 1 });
    expect(await copies(peer)).toHaveLength(30);
  });
});

const DROPS: SmtpScript = { rules: [{ at: "dot", times: 1, do: { drop: "close" } }] };

describe("a connection that dies after the final dot", () => {
  it("is an unknown attempt, and the same bytes go again under the same Message-ID", async () => {
    const { send, clock, peer } = await given(DROPS);
    await send(["a@example.com"]);
    await run();
    const first = await onlyDelivery();
    expect([first.state, ...resultsOf(first.history)]).toEqual(["deferred", "unknown"]);
    clock.advance(5 * MINUTE);
    await run();
    const second = await onlyDelivery();
    expect([second.state, ...resultsOf(second.history)]).toEqual([
      "delivered",
      "unknown",
      "success",
    ]);
    const { messages } = await peer.log();
    expect(messages).toHaveLength(2);
    expect(new Set(messages.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(new Set(messages.map(({ content }) => messageIdOf(content))).size).toBe(1);
    expect((await events()).map((e) => e.name === "delivery_attempt" && e.status)).toEqual([
      "deferral",
      "success",
    ]);
  });

  it("holds a message that must not double: one copy, visibly in doubt", async () => {
    const { app, send, clock, peer } = await given(DROPS);
    await send(["a@example.com"], { onAmbiguous: "hold" });
    await run();
    clock.advance(60 * MINUTE);
    await sweep(app);
    await run();
    const held = await onlyDelivery();
    expect(held).toMatchObject({ state: "held", dueAt: null, leaseId: null });
    expect(resultsOf(held.history)).toEqual(["unknown"]);
    expect((await peer.log()).messages).toHaveLength(1);
  });

  it("before the dot is no doubt: a message that must not double is tried again", async () => {
    const { send, clock, peer } = await given({
      rules: [{ at: "data", times: 1, do: { drop: "close" } }],
    });
    await send(["a@example.com"], { onAmbiguous: "hold" });
    await run();
    expect((await onlyDelivery()).state).toBe("deferred");
    clock.advance(5 * MINUTE);
    await run();
    expect((await onlyDelivery()).state).toBe("delivered");
    expect(await copies(peer)).toHaveLength(1);
  });
});

describe("a process that vanishes with a message that must not double", () => {
  it("leaves it held when its content may have left", async () => {
    const { app, send, clock, peer } = await given();
    await send(["a@example.com"], { onAmbiguous: "hold" });
    const [claimed] = (await claimedAndLost()).deliveries;
    expect(claimed && (await markContent(env.DB, claimed))).toBe(true);
    clock.advance(LEASE);
    await run();
    expect((await onlyDelivery()).state).toBe("sending");
    await sweep(app);
    expect(await onlyDelivery()).toMatchObject({ state: "held", dueAt: null });
    expect(await copies(peer)).toEqual([]);
  });

  it("leaves it to the next when its content has not left", async () => {
    const { send, clock, peer } = await given();
    await send(["a@example.com"], { onAmbiguous: "hold" });
    await claimedAndLost();
    clock.advance(LEASE);
    await run();
    expect((await onlyDelivery()).state).toBe("delivered");
    expect(await copies(peer)).toHaveLength(1);
  });
});

describe("a lease that another took while the relay was slow", () => {
  it("stops a message that must not double before its content leaves", async () => {
    const { send, peer, logged } = await given({
      rules: [{ at: "rcpt", do: { reply: "250 2.1.5 Ok", delay: 500 } }],
    });
    await send(["a@example.com"], { onAmbiguous: "hold" });
    const running = run();
    await peer.until(({ lines }) => lines.some(({ text }) => text.startsWith("MAIL")));
    await env.DB.prepare("update deliveries set lease_id = 'another'").run();
    await running;
    expect(logged).toContain("attempt_failed");
    const { messages } = await peer.log();
    expect(messages).toEqual([]);
    expect(await onlyDelivery()).toMatchObject({ leaseId: "another", state: "sending", marker: 0 });
  });

  it("lets a neighbour of the same connection go on", async () => {
    const { send, d1, peer } = await given();
    await send(["a@example.com", "b@example.com"], { onAmbiguous: "hold" });
    d1.plan({ on: ({ sql }) => sql.includes("set marker = 1"), mode: "before", times: 1 });
    await run();
    const seen = await deliveries();
    expect(seen.map(({ state }) => state)).toEqual(["sending", "delivered"]);
    expect(await copies(peer)).toHaveLength(1);
  });
});

// Relays that must not, cannot or cannot yet be used (A-052, A-053, F16): nobody's mail bounces for it,
// few connections are tried, and all is delivered when a relay is back.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import type { Dial } from "../../src/deliver/smtp/transaction.ts";
import { QUEUE_LIFETIME_MS } from "../../src/model/delivery.ts";
import { consume } from "../../src/queue/consume.ts";
import { type SmtpPeer, startSmtpPeer } from "../peers/client.ts";
import { copies, countOf, deliveries, events, onlyDelivery, states } from "../support/ledger.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  SECOND,
  START,
} from "../support/queue-world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function given(listen: boolean): Promise<QueueWorld> {
  const world = await queueWorld({ listen, keepContent: true });
  stops.push(world.stop);
  return world;
}

async function run(app: App & { readonly idle: () => Promise<void> }): Promise<void> {
  await consume(app);
  await app.idle();
}

async function givenRelay(host: string, port: number, name = host): Promise<void> {
  await env.DB.prepare(
    `insert into relays (id, name, host, port, tls, username, password, created_at)
     values (?1, ?1, ?2, ?3, 'none', null, null, 0)`,
  )
    .bind(name, host, port)
    .run();
}

type Health = { relay_id: string; failures: number; aside_until: number | null };

async function health(): Promise<Health | null> {
  return env.DB.prepare("select relay_id, failures, aside_until from relay_health").first<Health>();
}

/** The relay comes up on the port that refused so far. */
async function up(world: QueueWorld): Promise<SmtpPeer> {
  const peer = await startSmtpPeer({ port: world.peer.port });
  stops.push(peer.stop);
  return peer;
}

describe("a relay that must not be connected to (A-053)", () => {
  /** The App of a deployment: not local, so that the guard is on; counts what is dialled. */
  function deployed(world: QueueWorld): { app: QueueWorld["app"]; dialled: () => number } {
    let count = 0;
    const dial: Dial = (address) => {
      count += 1;
      return world.app.dial(address);
    };
    const fetch: App["fetch"] = () => Promise.resolve(Response.json({ Status: 3 }));
    const config = { ...world.app.config, localDev: false, defaultRelay: null };
    return { app: { ...world.app, config, dial, fetch }, dialled: () => count };
  }

  it.each([
    ["8.8.8.8", 25],
    ["127.0.0.1", 0],
    ["127.0.0.1", 587],
    ["::1", 465],
    ["10.0.0.1", 2525],
    ["169.254.169.254", 587],
    ["localhost", 587],
  ])("%s:%i: refused before connecting, deferred, no bounce", async (host, port) => {
    const world = await given(true);
    const { app, dialled } = deployed(world);
    await givenRelay(host, port || world.peer.port);
    await world.send(["a@example.com"]);
    await run(app);
    const { state, history } = await onlyDelivery();
    expect([state, history.map(({ result }) => result)]).toEqual(["deferred", ["deferral"]]);
    expect((await events()).map(({ name }) => name)).toEqual(["delivery_attempt"]);
    expect([dialled(), (await world.peer.log()).connections.length]).toEqual([0, 0]);
  });

  it("a host that does not resolve: deferred with 21, no bounce, no suppression (A-052)", async () => {
    const world = await given(true);
    const { app, dialled } = deployed(world);
    await givenRelay("relay.nowhere.example", 587);
    await world.send(["a@example.com"]);
    await run(app);
    const { state, history } = await onlyDelivery();
    expect([state, history[0]?.code, dialled()]).toEqual(["deferred", 21, 0]);
    expect((await events()).map(({ name }) => name)).toEqual(["delivery_attempt"]);
    expect(await countOf("suppressions")).toBe(0);
  });
});

describe("a relay that refuses connections", () => {
  it("is put aside after three, and all that is due is re-dated at once", async () => {
    const world = await given(false);
    await world.send(people(20));
    world.d1.reset();
    await run(world.app);
    expect(await health()).toMatchObject({ failures: 3, aside_until: START + 30 * SECOND });
    const seen = await deliveries();
    const tried = seen.filter(({ attempts }) => attempts > 0);
    expect([tried.length >= 3, tried.length <= 4]).toEqual([true, true]);
    for (const { state, dueAt } of tried) {
      expect([state, dueAt]).toEqual(["deferred", START + 5 * MINUTE]);
    }
    for (const { state, dueAt, leaseId, history } of seen.filter((one) => one.attempts === 0)) {
      expect([state, dueAt, leaseId, history]).toEqual(["queued", START + 30 * SECOND, null, []]);
    }
    const redated = world.d1.calls().filter(({ sql }) => /set due_at = min\(\?3/.test(sql));
    // One statement for each of the two lanes.
    expect(redated.length).toBe(2);
    expect(world.woken).toContainEqual({ lane: "transactional", delaySeconds: 30 });
  });

  it("is probed by one delivery each time, after pauses that double up to 10 minutes", async () => {
    const world = await given(false);
    await world.send(people(20));
    await run(world.app);
    const pauses: number[] = [];
    for (let probe = 0; probe < 7; probe++) {
      const before = await attempts();
      const { aside_until: until } = (await health()) ?? { aside_until: null };
      world.clock.advance((until ?? 0) - world.clock.now());
      await run(world.app);
      expect((await attempts()) - before).toBe(1);
      pauses.push(((await health())?.aside_until ?? 0) - world.clock.now());
    }
    expect(pauses.map((ms) => ms / SECOND)).toEqual([60, 120, 240, 480, 600, 600, 600]);
    expect(await states()).not.toHaveProperty("bounced");
    expect((await events()).every(({ name }) => name === "delivery_attempt")).toBe(true);
  });

  it("is not tried while it is put aside", async () => {
    const world = await given(false);
    await world.send(people(5));
    await run(world.app);
    const before = await attempts();
    world.clock.advance(29 * SECOND);
    await world.send(["late@example.com"]);
    await run(world.app);
    expect(await attempts()).toBe(before);
    const late = (await deliveries()).find(({ recipient }) => recipient === "late@example.com");
    expect(late).toMatchObject({ state: "queued", dueAt: START + 30 * SECOND });
  });

  it("is used again by everybody as soon as one probe succeeds", async () => {
    const world = await given(false);
    await world.send(people(20));
    await run(world.app);
    const peer = await up(world);
    world.clock.advance(30 * SECOND);
    await run(world.app);
    expect(await health()).toBeNull();
    const waiting = (await deliveries()).filter(({ attempts }) => attempts === 0);
    expect(waiting).toEqual([]);
    world.clock.advance(5 * MINUTE);
    await run(world.app);
    expect(await states()).toEqual({ delivered: 20 });
    const seen = await copies(peer);
    expect([seen.length, new Set(seen).size]).toEqual([20, 20]);
  });
});

describe("a relay that is down for an hour (F16)", () => {
  it("delivers all 300 afterwards, bounces none, after few tries on few connections", async () => {
    const world = await given(false);
    for (const name of ["a", "b", "c"]) await world.send(people(100, name));
    let runs = 0;
    while (world.clock.now() < START + HOUR) {
      await run(world.app);
      runs += 1;
      const next = Math.min(...(await deliveries()).map(({ dueAt }) => dueAt ?? Infinity));
      world.clock.advance(Math.max(next - world.clock.now(), SECOND));
    }
    // Three at first and what was under way on the other connections, then one probe a pause.
    expect(await attempts()).toBeLessThanOrEqual(6 + runs);
    expect(runs).toBeLessThan(60);
    const peer = await up(world);
    for (let round = 0; round < 10 && (await states())["delivered"] !== 300; round++) {
      await run(world.app);
      world.clock.advance(10 * MINUTE);
    }
    expect(await states()).toEqual({ delivered: 300 });
    expect((await events()).filter(({ name }) => name !== "delivery_attempt")).toEqual([]);
    const seen = await copies(peer);
    expect([seen.length, new Set(seen).size]).toEqual([300, 300]);
    expect((await peer.log()).maxConnections).toBeLessThanOrEqual(4);
  });
});

describe("a relay that is down past the lifetime of mail (F17)", () => {
  it("lets all 150 expire within ten minutes of their time, each once, with one final event", async () => {
    const world = await given(false);
    for (const name of ["a", "b"]) await world.send(people(75, name));
    // Until its lifetime is nearly over it is looked at now and then, and then each minute.
    for (let hour = 0; hour < 72; hour += 6) {
      await run(world.app);
      world.clock.advance(6 * HOUR);
    }
    for (let minute = 0; minute < 10; minute++) {
      await run(world.app);
      world.clock.advance(MINUTE);
    }
    expect(await states()).toEqual({ expired: 150 });
    const told = await events();
    const finals = told.filter(
      (e) => e.name === "delivery_attempt" && e.status === "failure_toolong",
    );
    expect(new Set(finals.map(({ email }) => email)).size).toBe(150);
    expect(finals.length).toBe(150);
    expect(told.filter(({ name }) => name === "bounce_all").length).toBe(150);
  });

  it("lets mail of a pool that has no relay any more expire too", async () => {
    const world = await given(true);
    await world.send(people(3));
    const app = { ...world.app, config: { ...world.app.config, defaultRelay: null } };
    await run(app);
    expect(await states()).toEqual({ queued: 3 });
    world.clock.advance(QUEUE_LIFETIME_MS);
    await run(app);
    expect(await states()).toEqual({ expired: 3 });
  });
});

describe("two relays, the first of them dead", () => {
  it("deliver everything at once over the second", async () => {
    const world = await given(true);
    const dead = await startSmtpPeer({ listen: false });
    await givenRelay("127.0.0.1", dead.port, "dead");
    await world.send(people(20));
    await run(world.app);
    expect(await health()).toMatchObject({ relay_id: "dead", failures: 3 });
    expect(await states()).toEqual({ delivered: 20 });
    expect((await copies(world.peer)).length).toBe(20);
  });

  it("deliver one message now and then, which always is the probe", async () => {
    const world = await given(true);
    const dead = await startSmtpPeer({ listen: false });
    await givenRelay("127.0.0.1", dead.port, "dead");
    for (let n = 1; n <= 6; n++) {
      await world.send([`p${n}@example.com`]);
      await run(world.app);
      expect(await states()).toEqual({ delivered: n });
      world.clock.advance(20 * MINUTE);
    }
    expect(
      (await events()).every((e) => e.name === "delivery_attempt" && e.status === "success"),
    ).toBe(true);
  });
});

describe("no relay at all", () => {
  it("leaves the mail queued and looks again in 30 s", async () => {
    const world = await given(true);
    const app = { ...world.app, config: { ...world.app.config, defaultRelay: null } };
    await world.send(["a@example.com"]);
    await run(app);
    expect(await onlyDelivery()).toMatchObject({
      state: "queued",
      attempts: 0,
      dueAt: START + 30 * SECOND,
    });
    expect(world.woken).toContainEqual({ lane: "transactional", delaySeconds: 30 });
  });
});

/** Attempts of all deliveries together. */
async function attempts(): Promise<number> {
  return (await deliveries()).reduce((sum, { history }) => sum + history.length, 0);
}

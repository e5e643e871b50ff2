// Pacing on the way of mail (F-021, F-079, A-051): without room nothing is attempted, it is told once in a while, and
// the delivery goes later; others go on.
import { env } from "cloudflare:workers";
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_OUTCOMES } from "../../src/deliver/slow-down.ts";
import { DEFAULT_THROTTLE, settingsFor } from "../../src/model/throttle.ts";
import { consume } from "../../src/queue/consume.ts";
import { listThrottles } from "../../src/store/throttle.ts";
import { deliveries, events, onlyDelivery, states } from "../support/ledger.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  SECOND,
} from "../support/queue-world.ts";
import { ask } from "../support/world.ts";

let world: QueueWorld;
let calls: string[] = [];
beforeEach(async () => {
  calls = [];
  world = await queueWorld({ keepContent: false });
});
afterEach(() => world.stop());

const run = async (lanes?: Parameters<typeof consume>[1]) => {
  const { throttle } = world.app;
  const counting: typeof throttle = {
    lease: (...args) => (calls.push("lease"), throttle.lease(...args)),
    end: (...args) => (calls.push("end"), throttle.end(...args)),
    view: throttle.view,
    reset: throttle.reset,
  };
  await consume({ ...world.app, throttle: counting }, lanes);
  await world.app.idle();
};
const set = async (group: string, body: object) => {
  const path = group === "*" ? "/v1/throttles/default" : `/v1/throttles/default/${group}`;
  const answer = await ask(world.app, "PATCH", path, { key: world.key, body });
  expect(answer.status).toBe(200);
};
const paceOf = async (group: string) => {
  const answer = await ask(world.app, "GET", `/v1/throttles/default/${group}`, { key: world.key });
  return (await answer.json<{ data: { pace: Record<string, unknown> } }>()).data.pace;
};
const waits = async () =>
  (await events()).filter((one) => one.name === "delivery_attempt" && one.status === "connmaxout");
/** A run of the other lane holds all connections to a group, and dies. */
const occupy = async (group = "other") => {
  const place = { poolId: "default", group };
  const settings = settingsFor(await listThrottles(env.DB), "default", group);
  const wish = { id: "dead", lane: "marketing", slots: 4, messages: 100 } as const;
  const wanted = { ...wish, unspent: 0, outcomes: NO_OUTCOMES };
  return world.app.throttle.lease(place, settings, wanted, world.clock.now());
};

describe("without a free connection (A-051)", () => {
  beforeEach(() => set("other", { connections: 1 }));

  it("no connection is opened, connmaxout is told once in 15 minutes, and it leaves later", async () => {
    await occupy();
    await world.send(["ann@example.com"]);
    await run();
    expect((await world.peer.log()).connections).toEqual([]);
    const first = await onlyDelivery();
    expect(first).toMatchObject({ state: "queued", attempts: 0, leaseId: null, history: [] });
    expect(first.dueAt).toBeGreaterThan(world.clock.now());
    expect(await waits()).toMatchObject([
      {
        email: "ann@example.com",
        text: "All connection backlog slots full due to max concurrent connections.\n",
      },
    ]);
    world.clock.advance(15 * SECOND);
    await occupy();
    await run();
    expect([(await waits()).length, await states()]).toEqual([1, { queued: 1 }]);
    world.clock.advance(16 * MINUTE);
    await occupy();
    await run();
    expect((await waits()).length).toBe(2);
    world.clock.advance(MINUTE);
    await run();
    expect(await states()).toEqual({ delivered: 1 });
    expect((await onlyDelivery()).attempts).toBe(1);
  });

  it("until the queue lifetime is over the delivery expires, visibly", async () => {
    await world.send(["ann@example.com"]);
    world.clock.advance(72 * HOUR - MINUTE);
    await occupy();
    await run();
    expect((await onlyDelivery()).dueAt).toBeLessThanOrEqual(world.clock.now() + MINUTE);
    world.clock.advance(MINUTE);
    await occupy();
    await run();
    expect(await states()).toEqual({ expired: 1 });
    expect((await world.peer.log()).connections).toEqual([]);
    expect((await events()).map((one) => ("status" in one ? one.status : one.name))).toEqual([
      "connmaxout",
      "failure_toolong",
      "bounce_all",
    ]);
  });

  it("mail to other groups goes on", async () => {
    await occupy();
    await world.send(["ann@example.com", "bob@gmail.com", "cy@googlemail.com"]);
    await run();
    const sent = (await world.peer.log()).messages.map(({ to }) => to[0]);
    expect(new Set(sent)).toEqual(new Set(["bob@gmail.com", "cy@googlemail.com"]));
    expect(await states()).toEqual({ delivered: 2, queued: 1 });
  });

  it("one connection is enough for a run: each message waits for the one before", async () => {
    await world.send(people(60));
    await run();
    expect(await states()).toEqual({ delivered: 60 });
    expect((await world.peer.log()).maxConnections).toBe(1);
    expect(await waits()).toEqual([]);
  });
});

describe("two lanes at the same time", () => {
  it("share the connections of a group, and neither waits for the other to end", async () => {
    await world.send(people(150, "news"), { metadata: { mailClass: "marketing" } });
    await world.send(people(150, "code"));
    await Promise.all([run(["marketing"]), run(["transactional"])]);
    expect(await states()).toEqual({ delivered: 300 });
    expect((await world.peer.log()).maxConnections).toBeLessThanOrEqual(4);
    expect(await waits()).toEqual([]);
  });
});

describe("messages an hour", () => {
  it("are never more; the rest waits, each for its own turn", async () => {
    await set("other", { per_hour: 100 });
    await world.send(people(30));
    await run();
    // A twentieth in a minute.
    expect(await states()).toEqual({ delivered: 5, queued: 25 });
    const due = (await deliveries()).flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
    expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(20 * 10_000);
    expect(await waits()).toContainEqual(
      expect.objectContaining({
        text: "All connection backlog slots full due to max delivery attempts per hour.\n",
      }),
    );
    for (let n = 0; n < 12; n++) {
      world.clock.advance(MINUTE);
      await run();
    }
    expect(await states()).toEqual({ delivered: 30 });
    expect(await paceOf("other")).toMatchObject({ last_hour: 30 });
  });
});

describe("a pool that warms up", () => {
  it("sends a message a minute on its first day; a second one waits a minute, not half an hour", async () => {
    await set("*", { warm_up: true });
    await world.send(["ann@gmail.com"]);
    await world.send(["bob@gmail.com"]);
    await run();
    expect(await states()).toEqual({ delivered: 1, queued: 1 });
    const waiting = (await deliveries()).find(({ state }) => state === "queued");
    expect((waiting?.dueAt ?? 0) - world.clock.now()).toBeLessThan(3 * MINUTE);
    expect(await paceOf("gmail")).toMatchObject({
      warm_up: { step: 0, today: 50, sent: 1, tomorrow: 50 },
    });
    world.clock.advance(3 * MINUTE);
    await run();
    expect(await states()).toEqual({ delivered: 2 });
  });
});

describe("the adaptive pace", () => {
  it("slows down when a provider asks for it, says why, and recovers", async () => {
    await world.peer.setRules([{ at: "mail", do: { reply: "421 4.7.0 slow down" } }]);
    await world.send(people(10).map((one) => one.replace("example.com", "gmail.com")));
    await run();
    expect(await paceOf("gmail")).toMatchObject({
      percent: 50,
      connections: 2,
      reason: expect.stringContaining("asked to slow down"),
    });
    expect(await paceOf("outlook")).toMatchObject({ percent: 100, reason: null });
    await world.peer.setRules([]);
    world.clock.advance(10 * MINUTE);
    await run();
    expect(await paceOf("gmail")).toMatchObject({ percent: 100, connections: 4, reason: null });
    expect(await states()).toEqual({ delivered: 10 });
  });

  it("is forgotten with the settings when somebody resets it", async () => {
    await set("gmail", { connections: 2, per_hour: 10 });
    const place = { poolId: "default", group: "gmail" };
    const outcomes = { attempts: 10, deferred: 10, bounced: 0, throttled: 10 };
    const told = { id: "run", unspent: 0, outcomes };
    await world.app.throttle.end(place, DEFAULT_THROTTLE, told, world.clock.now());
    expect(await paceOf("gmail")).toMatchObject({ percent: 50, connections: 1 });
    const path = "/v1/throttles/default/gmail/reset";
    const answer = await ask(world.app, "POST", path, { key: world.key });
    expect(await answer.json()).toMatchObject({
      data: {
        settings: { connections: 4, per_hour: null, adaptive: true, warm_up: false },
        pace: { percent: 100, connections: 4 },
      },
    });
  });
});

it("takes null for the pool's setting, in the first change of a group as in a later one", async () => {
  await set("*", { connections: 7, per_hour: 60 });
  const pool = await ask(world.app, "GET", "/v1/throttles/default", { key: world.key });
  expect(await pool.json()).toEqual({
    data: { connections: 7, per_hour: 60, adaptive: true, warm_up: false },
  });
  const taken = { connections: null, per_hour: null, warm_up: true };
  for (const before of [[], [{ connections: 2, per_hour: 10 }]]) {
    for (const body of [...before, taken]) await set("gmail", body);
    const answer = await ask(world.app, "GET", "/v1/throttles/default/gmail", { key: world.key });
    expect(await answer.json()).toMatchObject({
      data: { settings: { connections: 7, per_hour: 60, adaptive: true, warm_up: true } },
    });
  }
});

describe("the object", () => {
  it("is asked seldom: once for a run, and told at its end", async () => {
    await world.send(["one@example.com"]);
    await run();
    expect(calls).toEqual(["lease", "end"]);
    calls = [];
    await world.send(people(200));
    await run();
    expect(await states()).toEqual({ delivered: 201 });
    expect(calls.length / 200).toBeLessThanOrEqual(0.05);
  });

  it("that is killed in a burst lets no more through than the limit", async () => {
    await set("*", { per_hour: 60 });
    await world.send(people(40));
    for (let n = 0; n < 6; n++) {
      const sent = run();
      await abortAllDurableObjects();
      await sent.catch(() => undefined);
      world.clock.advance(20 * SECOND);
    }
    // Blind runs may send a little: 20 in the time of a lease.
    const { delivered = 0 } = await states();
    expect(delivered).toBeLessThanOrEqual(40);
    world.clock.advance(MINUTE);
    const { last_hour: counted } = await paceOf("other");
    expect(Number(counted)).toBeLessThanOrEqual(60);
  });

  it("that cannot be reached does not stop mail: a little goes over one connection", async () => {
    const broken = () => Promise.reject(new Error("unreachable"));
    const throttle = { ...world.app.throttle, lease: broken, end: broken };
    await world.send(people(30));
    await consume({ ...world.app, throttle });
    await world.app.idle();
    expect(await states()).toEqual({ delivered: 20, queued: 10 });
    expect((await world.peer.log()).maxConnections).toBe(1);
    expect(world.logged).toContain("throttle_unreachable");
    world.clock.advance(MINUTE);
    await run();
    expect(await states()).toEqual({ delivered: 30 });
  });
});

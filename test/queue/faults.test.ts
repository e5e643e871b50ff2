// F09 and F10 behind the door: a D1 that fails at any call of a run. Every delivery ends right afterwards;
// a second copy only where the history says why.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import type { SmtpScript } from "../peers/script.ts";
import type { D1Fault } from "../support/faults.ts";
import {
  copies,
  countOf,
  deliveries,
  drain,
  events,
  messageIdOf,
  onlyDelivery,
  states,
} from "../support/ledger.ts";
import { people, queueWorld, type QueueWorld, SECOND } from "../support/queue-world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

/** Nobody received a second copy. */
async function expectOnceEach(count: number): Promise<void> {
  const seen = await copies(world.peer);
  expect([seen.length, new Set(seen).size]).toEqual([count, count]);
}

/** One good address, one bad one, one that is refused once: every kind of settlement in one run. */
const MIXED: SmtpScript = {
  rules: [
    { at: "rcpt", match: "bad@", do: { reply: "550 5.1.1 no such user" } },
    { at: "rcpt", match: "full@", times: 1, do: { reply: "452 4.2.2 mailbox full" } },
  ],
};
const MIXED_TO = ["good@example.com", "bad@example.com", "full@example.com"];

/** One run that may fail, as the platform would run it. */
async function tryRun(): Promise<void> {
  await consume(world.app).catch(() => undefined);
  await world.app.idle();
}

/** After the faults: every delivery of MIXED ended right, with its events and no unexplained copy. */
async function expectMixedEnds(): Promise<void> {
  world.d1.plan(null);
  await drain(world.app, world.clock);
  const seen = await deliveries();
  expect(seen.map(({ state }) => state)).toEqual(["delivered", "bounced", "delivered"]);
  expect(await countOf("suppressions")).toBe(1);
  const received = await copies(world.peer);
  for (const { recipient, history } of seen) {
    const got = received.filter((copy) => copy.endsWith(` → ${recipient}`)).length;
    const doubts = history.filter(({ result }) => result === "unknown").length;
    expect(got).toBeLessThanOrEqual(1 + doubts);
    expect(got).toBe(recipient === "bad@example.com" ? 0 : Math.max(got, 1));
  }
  const told = await events();
  const kinds = (position: number) =>
    told
      .filter((event) => event.position === position)
      .map((event) => (event.name === "delivery_attempt" ? event.status : event.name));
  expect(kinds(0)).toEqual(["success"]);
  expect(kinds(1)).toEqual(["failure", "bounce_all", "bounce_bad_address"]);
  expect(kinds(2).filter((kind) => kind === "success")).toEqual(["success"]);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
}

describe("D1 fails at one call of a run (F09)", () => {
  // Relays, claim, the empty claims of both lanes, settle.
  const CALLS = 5;

  it(`makes ${CALLS} calls, one more when its outcomes fall into two windows`, async () => {
    world = await queueWorld(MIXED);
    await world.send(MIXED_TO);
    world.d1.reset();
    await tryRun();
    expect([CALLS, CALLS + 1]).toContain(world.d1.calls().length);
    await expectMixedEnds();
  });

  const cases = Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((n) =>
    (["before", "after"] as const).flatMap((mode) =>
      [1, 2].map((times) => ({ n, mode, times }) as const),
    ),
  );
  it.each(cases)("call $n, $mode it is committed, $times in a row", async ({ n, mode, times }) => {
    world = await queueWorld(MIXED);
    await world.send(MIXED_TO);
    world.d1.reset();
    world.d1.plan({ on: (call) => call.n >= n, mode, times });
    await tryRun();
    expect(world.d1.broken()).toBeGreaterThan(0);
    await expectMixedEnds();
  });

  it.each(["before", "after"] as const)(
    "the marker of a message that must not double, %s it is committed: never two copies",
    async (mode) => {
      world = await queueWorld();
      await world.send(["a@example.com"], { onAmbiguous: "hold" });
      world.d1.plan(markOnce(mode));
      await tryRun();
      expect(world.d1.broken()).toBe(1);
      expect((await onlyDelivery()).state).toBe("sending");
      world.d1.plan(null);
      await drain(world.app, world.clock);
      // Marked and not known to be: held in doubt. Not marked: nothing can have left, so it goes.
      expect((await onlyDelivery()).state).toBe(mode === "after" ? "held" : "delivered");
      expect((await copies(world.peer)).length).toBe(mode === "after" ? 0 : 1);
    },
  );
});

function markOnce(mode: "before" | "after"): D1Fault {
  return { on: ({ sql }) => sql.includes("set marker = 1"), mode, times: 1 };
}

describe("a window that cannot be committed for good", () => {
  const settling = (mode: "before" | "after"): D1Fault => ({
    on: ({ sql }) => sql.includes("insert into event_log") && sql.includes("last_code ="),
    mode,
  });

  it("and was not: the lease ends, the ledger says why there are two copies (C10)", async () => {
    world = await queueWorld();
    await world.send(["a@example.com"]);
    world.d1.plan(settling("before"));
    await tryRun();
    expect(world.d1.broken()).toBe(4);
    expect(world.logged.filter((event) => event === "record_failed")).toHaveLength(4);
    expect([(await onlyDelivery()).state, await countOf("event_log")]).toEqual(["sending", 0]);
    world.d1.plan(null);
    await drain(world.app, world.clock);
    const { state, history } = await onlyDelivery();
    expect([state, ...history.map(({ result }) => result)]).toEqual([
      "delivered",
      "unknown",
      "success",
    ]);
    const { messages } = await world.peer.log();
    expect(messages).toHaveLength(2);
    expect(new Set(messages.map(({ content }) => messageIdOf(content))).size).toBe(1);
    expect(await events()).toHaveLength(1);
  });

  it("and was: nothing is sent, written or told twice (C11)", async () => {
    world = await queueWorld();
    await world.send(["a@example.com"]);
    world.d1.plan(settling("after"));
    await tryRun();
    await expectDeliveredOnce();
    world.clock.advance(31 * SECOND);
    world.d1.plan(null);
    await drain(world.app, world.clock);
    await tryRun();
    await expectDeliveredOnce();
  });

  async function expectDeliveredOnce(): Promise<void> {
    const { state, attempts, history } = await onlyDelivery();
    expect([state, attempts, history.length]).toEqual(["delivered", 1, 1]);
    expect(await events()).toHaveLength(1);
    await expectOnceEach(1);
  }
});

describe("D1 fails while a relay is down", () => {
  const BOOKKEEPING = {
    "the relay's failure": "insert into relay_health",
    "leases given back": "set lease_id = null, lease_until = null,",
    "new dates": "set due_at = min(?3",
    "the relay's recovery": "delete from relay_health",
  };
  const TIMES = 2;
  const ROUNDS = 20;

  it.each(
    Object.entries(BOOKKEEPING).flatMap(([what, sql]) =>
      (["before", "after"] as const).map((mode) => ({ what, sql, mode }) as const),
    ),
  )("at $what, $mode it is committed: all is delivered in the end", async ({ sql, mode }) => {
    world = await queueWorld({
      rules: [{ at: "connect", times: 4, do: { drop: "close" } }],
    });
    await world.send(people(10));
    world.d1.plan({ on: (call) => call.sql.includes(sql), mode, times: TIMES });
    // How many rounds the relay stays aside depends on how many connections each of them tries.
    for (let round = 0; round < ROUNDS && world.d1.broken() < TIMES; round++) {
      await tryRun();
      world.clock.advance(31 * SECOND);
    }
    expect(world.d1.broken()).toBeGreaterThan(0);
    world.d1.plan(null);
    await drain(world.app, world.clock);
    expect(await states()).toEqual({ delivered: 10 });
    await expectOnceEach(10);
    const rows = await env.DB.prepare("select count(*) as n from relay_health").first("n");
    expect(rows).toBe(0);
  });
});

describe("D1 is down altogether (F10)", () => {
  it("a run fails loudly, sends nothing, and the next one does the work", async () => {
    world = await queueWorld();
    await world.send(people(10));
    world.d1.plan({ on: () => true, mode: "before" });
    await expect(consume(world.app)).rejects.toThrow("injected");
    await expect(sweep(world.app)).rejects.toThrow("injected");
    expect(await copies(world.peer)).toEqual([]);
    world.d1.plan(null);
    await tryRun();
    expect(await states()).toEqual({ delivered: 10 });
    await expectOnceEach(10);
  });
});

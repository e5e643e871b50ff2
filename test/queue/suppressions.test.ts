// Suppressions that come after the accept (I10): what is claimed from then on is not attempted, and
// looking costs nothing while nothing is suppressed.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { md5Hex } from "../../src/lib/digest.ts";
import { consume } from "../../src/queue/consume.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { insertSuppressions } from "../../src/store/suppression.ts";
import type { SuppressionScope } from "../../src/model/suppression.ts";
import type { SmtpScript } from "../peers/script.ts";
import { copies, deliveries, drain, events, onlyDelivery, states } from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld, SECOND } from "../support/queue-world.ts";
import { ask } from "../support/world.ts";

const LEASE = 30 * SECOND;

let world: QueueWorld;
afterEach(() => world.stop());

async function given(script: SmtpScript = {}): Promise<QueueWorld> {
  world = await queueWorld(script);
  return world;
}

async function run(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
}

function suppress(entries: readonly string[], scope: SuppressionScope = "global") {
  const list = entries.map((entry) => ({ entry, scope, reason: "" }));
  return insertSuppressions(env.DB, list, { keyId: "key", now: world.clock.now() });
}

const stateOf = async (recipient: string) =>
  (await deliveries()).find((delivery) => delivery.recipient === recipient)?.state;

describe("a suppression after the accept", () => {
  it("by address, domain or MD5 stops what is queued, and only that", async () => {
    const { send, peer, clock } = await given();
    await send(["Ann@example.com", "bob@example.com", "c@example.org", "d@example.com"]);
    clock.advance(MINUTE);
    await suppress(["ann@example.com", "@example.org", `md5:${md5Hex("bob@example.com")}`]);
    await run();
    expect(await states()).toEqual({ suppressed: 3, delivered: 1 });
    expect(await stateOf("d@example.com")).toBe("delivered");
    expect(await copies(peer)).toHaveLength(1);
    expect((await events()).map(({ email }) => email)).toEqual(["d@example.com"]);
  });

  it("leaves nothing due or leased, and an honest time", async () => {
    const { send, clock, app, key } = await given();
    const id = await send(["ann@example.com"]);
    const sentAt = clock.now();
    clock.advance(MINUTE);
    await suppress(["ann@example.com"]);
    await run();
    expect(await onlyDelivery()).toMatchObject({
      state: "suppressed",
      dueAt: null,
      leaseId: null,
      leaseUntil: null,
      attempts: 0,
      history: [],
    });
    const answer = await ask(app, "GET", `/v1/messages/${id}`, { key });
    const { data } = await answer.json<{ data: { timeline: { at: string; event: string }[] } }>();
    expect(data.timeline.map(({ at, event }) => [event, Date.parse(at) - sentAt])).toEqual([
      ["accepted", 0],
      ["suppressed", MINUTE],
    ]);
  });

  it("stops a deferred delivery before its next try, and keeps its history", async () => {
    const { send, peer, clock, app } = await given({
      rules: [{ at: "rcpt", do: { reply: "450 4.2.1 later" } }],
    });
    await send(["ann@example.com"]);
    await run();
    expect((await onlyDelivery()).state).toBe("deferred");
    await suppress(["@example.com"], "complaint");
    await drain(app, clock);
    const delivery = await onlyDelivery();
    expect([delivery.state, delivery.attempts, delivery.history.length]).toEqual([
      "suppressed",
      1,
      1,
    ]);
    expect(await copies(peer)).toEqual([]);
  });

  it("stops a delivery whose lease was lost; the attempt in doubt is written down", async () => {
    const { send, clock } = await given();
    await send(["ann@example.com"]);
    const now = clock.now();
    const lease = { leaseId: "lost", leaseUntil: now + LEASE, limit: 100, alone: true };
    await claimDue(env.DB, { lane: "transactional", now, ...lease });
    await suppress(["ann@example.com"]);
    clock.advance(LEASE);
    await run();
    const { state, history } = await onlyDelivery();
    expect([state, history.map(({ result }) => result)]).toEqual(["suppressed", ["unknown"]]);
  });

  it("does not take back what is under lease", async () => {
    const { send, clock } = await given();
    await send(["ann@example.com"]);
    const now = clock.now();
    const claim = { lane: "transactional", now, leaseUntil: now + LEASE, limit: 100 } as const;
    await claimDue(env.DB, { ...claim, leaseId: "held", alone: true });
    await suppress(["ann@example.com"]);
    const other = await claimDue(env.DB, { ...claim, leaseId: "other", alone: true });
    expect([other.deliveries, other.suppressed]).toEqual([[], 0]);
    expect((await onlyDelivery()).state).toBe("sending");
  });

  it("obeys the mail class: an unsubscribe never stops a receipt", async () => {
    const { send } = await given();
    await send(["ann@example.com"]);
    await send(["ann@example.com"], { metadata: { mailClass: "marketing" } });
    await suppress(["ann@example.com"], "unsubscribe");
    await run();
    const lanes = (await deliveries()).map(({ state }) => state);
    expect(lanes).toEqual(["delivered", "suppressed"]);
  });

  it("that is removed before the claim stops nothing", async () => {
    const { send, app, key } = await given();
    await send(["ann@example.com"]);
    await suppress(["ann@example.com"]);
    const body = { reason: "a mistake" };
    await ask(app, "DELETE", "/v1/suppressions/ann@example.com", { key, body });
    await run();
    expect(await states()).toEqual({ delivered: 1 });
  });

  it("of many does not end the run before those behind them", async () => {
    const { send, peer } = await given();
    for (const name of ["a", "b", "c"]) await send(people(100, name));
    await send(["last@example.org"]);
    await suppress(["@example.com"]);
    await run();
    expect(await states()).toEqual({ suppressed: 300, delivered: 1 });
    expect(await copies(peer)).toHaveLength(1);
  });
});

describe("the look at claim time", () => {
  it("is no round trip of its own, and writes no row while nothing is suppressed", async () => {
    const { send, d1, clock } = await given();
    await send(people(10));
    const now = clock.now();
    d1.reset();
    const claim = { lane: "transactional", now, leaseUntil: now + LEASE, limit: 100 } as const;
    const { deliveries: claimed } = await claimDue(d1.db, {
      ...claim,
      leaseId: "lease",
      alone: false,
    });
    expect([claimed.length, d1.calls().length, d1.rowsWritten()]).toEqual([10, 1, 10]);
  });

  it("costs one more row for each delivery that it stops, and a log row for all", async () => {
    const { send, d1, clock } = await given();
    await send(people(10));
    await suppress(["p3@example.com"]);
    const now = clock.now();
    d1.reset();
    const claim = { lane: "transactional", now, leaseUntil: now + LEASE, limit: 100 } as const;
    const claimed = await claimDue(d1.db, { ...claim, leaseId: "lease", alone: false });
    expect([claimed.deliveries.length, claimed.suppressed, d1.rowsWritten()]).toEqual([9, 1, 12]);
  });

  it("reads by key: 100,000 entries of others change nothing", async () => {
    const { send, d1, clock } = await given();
    const cost = async (name: string) => {
      await send(people(100, name));
      const now = clock.now();
      const claim = { lane: "transactional", now, leaseUntil: now + LEASE, limit: 100 } as const;
      d1.reset();
      const { deliveries: claimed } = await claimDue(d1.db, {
        ...claim,
        leaseId: name,
        alone: false,
      });
      expect(claimed).toHaveLength(100);
      const read = d1.rowsRead();
      await env.DB.prepare("update deliveries set due_at = null, lease_id = null").run();
      return read;
    };
    const before = await cost("before");
    for (let n = 0; n < 20; n++) {
      await suppress(Array.from({ length: 5_000 }, (_, i) => `other${n * 5_000 + i}@example.net`));
    }
    expect(await cost("after")).toBe(before);
  });
});

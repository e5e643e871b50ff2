// The guards of deliveries in SQL: who may claim what, what a lease is worth, and that a settlement
// counts once or not at all.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { DELIVERY_STATES, type DeliveryState, mayFollow } from "../../src/model/delivery.ts";
import { holdLost } from "../../src/store/delivery.ts";
import { claimDue, type ClaimedDelivery } from "../../src/store/delivery-claim.ts";
import { postponeDue } from "../../src/store/delivery-due.ts";
import { markContent, releaseLeases, renewLeases } from "../../src/store/delivery-lease.ts";
import { settle, type Settlement } from "../../src/store/delivery-settlement.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger, events, onlyDelivery } from "../support/ledger.ts";

const START = Date.UTC(2026, 10, 21, 10);
const LEASE = 30_000;
const ID = "01890000-0000-7000-8000-000000000001";

beforeEach(emptyLedger);

/** A message of this size with these recipients, all due at START. */
async function given(recipients: readonly string[], size = 100, id = ID): Promise<void> {
  const list = recipients.map((address) => ({ address, name: "", role: "to" }));
  await env.DB.batch([
    env.DB.prepare(
      `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
         tags, send_id, list_id, metadata, recipients, on_ambiguous, size, content_key)
       values (?1, ?2, 'key', 'transactional', 's@edgepost.test', '', 's', '', 's', 'l', '{}', ?3,
         'retry', ?4, 'content/x')`,
    ).bind(id, START, JSON.stringify(list), size),
    env.DB.prepare(
      `insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at)
       select value ->> 'address', ?1, key, 'transactional', 'queued', ?2, ?2 + 1000
       from json_each(?3)`,
    ).bind(id, START, JSON.stringify(list)),
  ]);
}

function claim(leaseId: string, change: Partial<Parameters<typeof claimDue>[1]> = {}) {
  const now = change.now ?? START;
  const defaults = {
    lane: "transactional",
    leaseUntil: now + LEASE,
    limit: 100,
    alone: false,
  } as const;
  return claimDue(env.DB, { ...defaults, now, leaseId, ...change });
}

async function claimOne(leaseId = "lease"): Promise<ClaimedDelivery> {
  const [delivery] = (await claim(leaseId)).deliveries;
  if (!delivery) throw new Error("nothing was claimed");
  return delivery;
}

function settlement(delivery: ClaimedDelivery, state: DeliveryState): Settlement {
  return {
    delivery,
    state,
    dueAt: state === "deferred" ? START + 300_000 : null,
    attempt: { at: START, relay: "r", result: "failure", code: 10, reply: "550 no", tls: null },
    events: [
      {
        id: crypto.randomUUID(),
        at: START,
        messageId: delivery.messageId,
        position: delivery.position,
        email: delivery.recipient,
        tags: "",
        sendId: "s",
        listId: "l",
        name: "delivery_attempt",
        from: "s@edgepost.test",
        injectedAt: START,
        text: "text\n",
        status: "failure",
      },
    ],
    suppress: state === "bounced",
  };
}

async function setState(state: DeliveryState, leaseId: string | null = null): Promise<void> {
  await env.DB.prepare("update deliveries set state = ?1, lease_id = ?2")
    .bind(state, leaseId)
    .run();
}

describe("claimDue", () => {
  it("gives the same rows for the same lease id, and writes nothing the second time", async () => {
    await given(["a@example.com", "b@example.com"]);
    const first = await claim("lease", { limit: 2 });
    const d1 = faultyD1(env.DB);
    const again = { lane: "transactional", now: START, limit: 2, alone: false } as const;
    const second = await claimDue(d1.db, { ...again, leaseId: "lease", leaseUntil: START + LEASE });
    expect(second).toEqual(first);
    expect(d1.rowsWritten()).toBe(0);
    expect(first.deliveries.map(({ recipient }) => recipient)).toEqual([
      "a@example.com",
      "b@example.com",
    ]);
  });

  it("never gives one delivery to two leases", async () => {
    await given(Array.from({ length: 60 }, (_, n) => `p${n}@example.com`));
    const claims = await Promise.all(
      Array.from({ length: 6 }, (_, n) => claim(`lease-${n}`, { limit: 25 })),
    );
    const all = claims.flatMap((one) => one.deliveries.map(({ recipient }) => recipient));
    expect([all.length, new Set(all).size]).toEqual([60, 60]);
  });

  it("takes the oldest due first, at most the limit, nothing of another lane or of later", async () => {
    await given(["old@example.com", "new@example.com", "later@example.com", "other@example.com"]);
    const set = (address: string, sql: string) =>
      env.DB.prepare(`update deliveries set ${sql} where recipient = ?1`).bind(address).run();
    await set("old@example.com", `due_at = ${START - 5}`);
    await set("later@example.com", `due_at = ${START + 1}`);
    await set("other@example.com", "lane = 'marketing'");
    const names = async (leaseId: string, limit: number) =>
      (await claim(leaseId, { limit })).deliveries.map(({ recipient }) => recipient);
    expect(await names("first", 1)).toEqual(["old@example.com"]);
    expect(await names("second", 9)).toEqual(["new@example.com"]);
    expect(await names("third", 9)).toEqual([]);
  });

  it("takes at most 16 MB of distinct contents, but always one message", async () => {
    const large = 10 * 1024 * 1024;
    await given(["a@example.com", "b@example.com"], large);
    await given(["c@example.com"], large, ID.replace(/1$/, "2"));
    expect((await claim("first")).deliveries.map(({ recipient }) => recipient)).toEqual([
      "a@example.com",
      "b@example.com",
    ]);
    await given(["d@example.com"], 4 * large, ID.replace(/1$/, "3"));
    expect((await claim("second")).deliveries).toHaveLength(1);
    expect((await claim("third")).deliveries).toHaveLength(1);
  });

  it("leaves a delivery that lost three leases to a claim alone, and one that lost five to nobody", async () => {
    await given(["a@example.com", "b@example.com"]);
    await env.DB.prepare(
      "update deliveries set lease_losses = 3, due_at = due_at - 1 where recipient = 'a@example.com'",
    ).run();
    const names = async (leaseId: string, alone: boolean) =>
      (await claim(leaseId, { alone })).deliveries.map(({ recipient }) => recipient);
    expect(await names("alone", true)).toEqual(["a@example.com"]);
    expect(await names("others", false)).toEqual(["b@example.com"]);
    await env.DB.prepare(
      "update deliveries set lease_losses = 5, lease_id = null, lease_until = null",
    ).run();
    expect(await names("nobody", true)).toEqual([]);
  });
});

describe("what only the holder of a lease may do", () => {
  it("renew, give back and mark change nothing for another lease", async () => {
    await given(["a@example.com"]);
    const held = await claimOne("mine");
    const stranger = { ...held, leaseId: "another" };
    const before = await onlyDelivery();
    await renewLeases(env.DB, [stranger], START + 2 * LEASE);
    await releaseLeases(env.DB, [stranger]);
    expect(await markContent(env.DB, stranger)).toBe(false);
    expect(await onlyDelivery()).toEqual(before);
    await renewLeases(env.DB, [held], START + 2 * LEASE);
    expect(await markContent(env.DB, held)).toBe(true);
    expect(await onlyDelivery()).toMatchObject({ leaseUntil: START + 2 * LEASE, marker: 1 });
  });

  it("gives back to queued what was never tried, to deferred what was; due as before", async () => {
    await given(["a@example.com"]);
    await releaseLeases(env.DB, [await claimOne("first")]);
    expect(await onlyDelivery()).toMatchObject({ state: "queued", leaseId: null, dueAt: START });
    const held = await claimOne("second");
    await settle(env.DB, [settlement(held, "deferred")], START);
    await env.DB.prepare("update deliveries set due_at = ?1").bind(START).run();
    await releaseLeases(env.DB, [await claimOne("third")]);
    expect(await onlyDelivery()).toMatchObject({ state: "deferred", leaseId: null, attempts: 1 });
  });
});

describe("settle", () => {
  it("writes one log row, one state, one attempt; the second time nothing", async () => {
    await given(["a@example.com", "b@example.com"]);
    const { deliveries: claimed } = await claim("lease");
    const window = claimed.map((delivery) => settlement(delivery, "bounced"));
    expect(await settle(env.DB, window, START)).toBe(true);
    const first = await deliveries();
    const d1 = faultyD1(env.DB);
    expect(await settle(d1.db, window, START + 1)).toBe(false);
    expect(d1.rowsWritten()).toBe(0);
    expect(await deliveries()).toEqual(first);
    expect([await countOf("event_log"), (await events()).length]).toEqual([1, 2]);
    expect(await countOf("suppressions")).toBe(2);
    for (const { history } of first)
      expect(history).toMatchObject([{ result: "failure", code: 10 }]);
  });

  it("of a window with one lost lease counts for the others only", async () => {
    await given(["a@example.com", "b@example.com"]);
    const { deliveries: claimed } = await claim("lease");
    await env.DB.prepare(
      "update deliveries set lease_id = 'another' where recipient = 'a@example.com'",
    ).run();
    await settle(
      env.DB,
      claimed.map((delivery) => settlement(delivery, "bounced")),
      START,
    );
    expect((await deliveries()).map(({ state, leaseId }) => [state, leaseId])).toEqual([
      ["sending", "another"],
      ["bounced", null],
    ]);
    expect((await events()).map(({ email }) => email)).toEqual(["b@example.com"]);
    expect(await countOf("suppressions")).toBe(1);
  });

  it.each(DELIVERY_STATES)(
    "delivered without its lease, from %s, only if that is open",
    async (state) => {
      await given(["a@example.com"]);
      const lost = await claimOne("lost");
      await setState(state, state === "sending" ? "another" : null);
      await settle(env.DB, [settlement(lost, "delivered")], START);
      const open = state === "queued" || state === "sending" || state === "deferred";
      const after = await onlyDelivery();
      expect(after.state).toBe(open ? "delivered" : state);
      expect(after.history).toHaveLength(open ? 1 : 0);
      expect(await countOf("event_log")).toBe(open ? 1 : 0);
      if (open) expect([after.leaseId, mayFollow(state, "delivered")]).toEqual([null, true]);
    },
  );

  it.each(DELIVERY_STATES.filter((state) => state !== "delivered"))(
    "%s without its lease changes nothing",
    async (state) => {
      await given(["a@example.com"]);
      const lost = await claimOne("lost");
      await setState("sending", "another");
      const before = await onlyDelivery();
      expect(await settle(env.DB, [settlement(lost, state)], START)).toBe(false);
      expect(await onlyDelivery()).toEqual(before);
      expect([await countOf("event_log"), await countOf("suppressions")]).toEqual([0, 0]);
    },
  );

  it("keeps log positions growing when the clock stands or steps back", async () => {
    await given(["a@example.com", "b@example.com", "c@example.com"]);
    const { deliveries: claimed } = await claim("lease");
    for (const [index, delivery] of claimed.entries()) {
      await settle(env.DB, [settlement(delivery, "delivered")], START - index * 1000);
    }
    const { results } = await env.DB.prepare(
      "select position from event_log order by position",
    ).all<{ position: number }>();
    expect(results.map(({ position }) => position - START * 1000)).toEqual([0, 1, 2]);
    const logged = (await deliveries()).map(({ history }) => history[0]?.log);
    expect(logged).toEqual(results.map(({ position }) => position));
  });
});

describe("postponeDue and holdLost", () => {
  it("re-date what is due and free, never what is leased", async () => {
    await given(["a@example.com", "b@example.com", "c@example.com", "d@example.com"]);
    await claim("lease", { limit: 1 });
    const ends = "update deliveries set expires_at = ?2 where recipient = ?1";
    await env.DB.prepare(ends)
      .bind("b@example.com", START + 90_000)
      .run();
    await env.DB.prepare(ends)
      .bind("c@example.com", START + 30_000)
      .run();
    await env.DB.prepare(ends).bind("d@example.com", START).run();
    await postponeDue(env.DB, "transactional", START, START + 60_000);
    // To the end of its lifetime at the latest; what is over stays due.
    const due = (await deliveries()).map(({ dueAt }) => (dueAt ?? 0) - START);
    expect(due).toEqual([0, 60_000, 30_000, 0]);
  });

  it("hold only what lost its lease for good", async () => {
    await given(["a@example.com"]);
    await claim("lease");
    await env.DB.prepare("update deliveries set lease_losses = 4").run();
    expect(await holdLost(env.DB, "transactional", START + LEASE - 1)).toBe(0);
    expect(await holdLost(env.DB, "marketing", START + LEASE)).toBe(0);
    expect(await holdLost(env.DB, "transactional", START + LEASE)).toBe(1);
    expect(await holdLost(env.DB, "transactional", START + LEASE)).toBe(0);
    expect(await onlyDelivery()).toMatchObject({ state: "held", dueAt: null, leaseId: null });
  });
});

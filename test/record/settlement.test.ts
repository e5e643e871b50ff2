// Outcome → settlement: the state, the attempt and the events of each (1.9), as a table.
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/deliver/outcome.ts";
import { mayFollow } from "../../src/model/delivery.ts";
import type { Message } from "../../src/model/message.ts";
import { type Next, settlementOf } from "../../src/record/settlement.ts";

const NOW = Date.UTC(2026, 10, 21, 10);

const MESSAGE: Message = {
  id: "01890000-0000-7000-8000-000000000001",
  createdAt: NOW - 1_000,
  keyId: "key",
  mailClass: "transactional",
  from: { address: "s@edgepost.test", name: "" },
  subject: "s",
  tags: "Tag 1",
  sendId: "send-1",
  listId: "list-1",
  metadata: {},
  recipients: [
    { address: "other@example.com", name: "", role: "to" },
    { address: "Ada@Example.com", name: "", role: "to" },
  ],
  onAmbiguous: "retry",
  size: 1,
};

function outcome(change: Partial<Outcome>): Outcome {
  const state = { state: "deferred", result: "deferral", code: 20 } as const;
  return { ...state, reply: "r", text: "t\n", tls: true, ...change };
}

function settled(change: Partial<Outcome>, next: Next | null) {
  let ids = 0;
  const settlement = settlementOf(
    {
      delivery: {
        recipient: "ada@example.com",
        messageId: MESSAGE.id,
        position: 1,
        attempts: 0,
        expiresAt: NOW + 1,
        leaseId: "lease",
      },
      message: MESSAGE,
      relay: "relay.example.com",
      outcome: outcome(change),
      now: NOW,
      newId: () => `id-${(ids += 1)}`,
    },
    () => {
      if (next === null) throw new Error("asked what follows although all was settled");
      return next;
    },
  );
  const told = settlement.events.map((event) => {
    if (event.name === "delivery_attempt") return `${event.name} ${event.status}`;
    return "bounceType" in event
      ? `${event.name} ${event.bounceType} ${event.bounceCode}`
      : event.name;
  });
  return { settlement, told };
}

const DELIVERED = { state: "delivered", result: "success", code: null } as const;
const BOUNCED = { state: "bounced", result: "failure" } as const;
const RETRY = { kind: "retry", at: NOW + 5 } as const;
const EXPIRED = { kind: "expired", code: 22, text: "too long\n" } as const;

describe("settlementOf", () => {
  it.each([
    [DELIVERED, null, "delivered", null, false, ["delivery_attempt success"]],
    [
      { ...BOUNCED, code: 10 as const },
      null,
      "bounced",
      null,
      true,
      ["delivery_attempt failure", "bounce_all h 10", "bounce_bad_address h 10"],
    ],
    [
      { ...BOUNCED, code: 52 as const },
      null,
      "bounced",
      null,
      false,
      ["delivery_attempt failure", "bounce_all s 52"],
    ],
    [{}, RETRY, "deferred", NOW + 5, false, ["delivery_attempt deferral"]],
    [
      { result: "unknown" as const },
      { kind: "hold" as const },
      "held",
      null,
      false,
      ["delivery_attempt deferral"],
    ],
    [{}, EXPIRED, "expired", null, false, ["delivery_attempt failure_toolong", "bounce_all s 22"]],
  ] as const)("%j, then %j, ends %s", (change, next, state, dueAt, suppress, expected) => {
    const { settlement, told } = settled(change, next);
    expect(told).toEqual(expected);
    expect([settlement.state, settlement.dueAt, settlement.suppress]).toEqual([
      state,
      dueAt,
      suppress,
    ]);
    expect(mayFollow("sending", settlement.state)).toBe(true);
    expect(new Set(settlement.events.map(({ id }) => id)).size).toBe(expected.length);
    for (const event of settlement.events) {
      expect(event).toMatchObject({
        at: NOW,
        messageId: MESSAGE.id,
        position: 1,
        email: "Ada@Example.com",
        tags: "Tag 1",
        sendId: "send-1",
        listId: "list-1",
      });
    }
  });

  it("keeps the attempt as it was: relay, words, code, TLS, time", () => {
    const { settlement } = settled({ ...BOUNCED, code: 52, reply: "554 spam", tls: false }, null);
    expect(settlement.attempt).toEqual({
      at: NOW,
      relay: "relay.example.com",
      result: "failure",
      code: 52,
      reply: "554 spam",
      tls: false,
    });
  });
});

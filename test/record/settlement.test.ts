// Outcome × what follows → state, attempt, events, suppression (F-075…F-078, A-046…A-049). Each event is
// the delivery's: its message, its place, its words.
import { describe, expect, it } from "vitest";
import { judge, type Outcome } from "../../src/deliver/outcome.ts";
import type { Ending } from "../../src/deliver/smtp/transaction.ts";
import type { Message } from "../../src/model/message.ts";
import { type Next, settlementOf } from "../../src/record/settlement.ts";

const NOW = Date.UTC(2026, 10, 21, 10);

const delivery = {
  recipient: "b@example.com",
  messageId: "message",
  position: 1,
  attempts: 0,
  expiresAt: NOW + 1,
  leaseId: "lease",
};

const message: Message = {
  id: "message",
  createdAt: NOW - 5_000,
  keyId: "key",
  mailClass: "marketing",
  from: { address: "s@edgepost.test", name: "S" },
  subject: "s",
  tags: "tag",
  sendId: "send",
  listId: "list",
  metadata: {},
  recipients: ["a@example.com", "B@example.com"].map((address) => ({
    address,
    name: "",
    role: "to" as const,
  })),
  onAmbiguous: "retry",
  size: 1,
};

function settle(outcome: Outcome, next: () => Next) {
  let made = 0;
  const newId = () => `id-${++made}`;
  const attempted = { delivery, message, relay: "mx.example.com", outcome, now: NOW, newId };
  return settlementOf(attempted, next);
}

const unasked = (): Next => {
  throw new Error("only a deferral has a next");
};

function refusal(code: number, enhanced: string, text: string): Ending {
  return { kind: "refused", step: "rcpt", reply: { code, enhanced, lines: [text] }, tls: true };
}

const ACCEPTED: Ending = {
  kind: "accepted",
  reply: { code: 250, enhanced: "2.0.0", lines: ["Ok"] },
  tls: true,
};
const BROKEN: Ending = {
  kind: "broken",
  step: "content",
  ambiguous: true,
  reason: "the connection was lost",
  tls: false,
};
const UNUSABLE: Ending = { kind: "unusable", step: "connect", reply: null, reason: "refused" };

const RETRY: Next = { kind: "retry", at: NOW + 300_000 };
const HOLD: Next = { kind: "hold" };
const EXPIRED: Next = { kind: "expired", code: 22, text: "too long\n" };

type Row = {
  readonly name: string;
  readonly ending: Ending;
  readonly next?: Next;
  readonly state: string;
  readonly result: string;
  readonly code: number | null;
  readonly dueAt?: number;
  /** `status` or `name type code` of each event. */
  readonly events: readonly string[];
  readonly suppress?: boolean;
};

const ROWS: readonly Row[] = [
  {
    name: "accepted (F-075)",
    ending: ACCEPTED,
    state: "delivered",
    result: "success",
    code: null,
    events: ["success"],
  },
  {
    name: "550 5.1.1 (F-076, A-046)",
    ending: refusal(550, "5.1.1", "No such user"),
    state: "bounced",
    result: "failure",
    code: 10,
    events: ["failure", "bounce_all h 10", "bounce_bad_address h 10"],
    suppress: true,
  },
  {
    name: "554 5.7.1 spam (F-076, A-049)",
    ending: refusal(554, "5.7.1", "Message rejected as spam"),
    state: "bounced",
    result: "failure",
    code: 52,
    events: ["failure", "bounce_all s 52"],
  },
  {
    name: "452 4.2.2, to be tried again (F-078, A-047)",
    ending: refusal(452, "4.2.2", "Mailbox full"),
    next: RETRY,
    state: "deferred",
    result: "deferral",
    code: 22,
    dueAt: NOW + 300_000,
    events: ["deferral"],
  },
  {
    name: "452 4.2.2 when its time is over (F-077, A-048)",
    ending: refusal(452, "4.2.2", "Mailbox full"),
    next: EXPIRED,
    state: "expired",
    result: "deferral",
    code: 22,
    events: ["failure_toolong", "bounce_all s 22"],
  },
  {
    name: "a relay that cannot be used, to be tried again (F-078)",
    ending: UNUSABLE,
    next: RETRY,
    state: "deferred",
    result: "deferral",
    code: 29,
    dueAt: NOW + 300_000,
    events: ["deferral"],
  },
  {
    name: "a connection that broke in doubt, to be tried again",
    ending: BROKEN,
    next: RETRY,
    state: "deferred",
    result: "unknown",
    code: 20,
    dueAt: NOW + 300_000,
    events: ["deferral"],
  },
  {
    name: "a connection that broke in doubt, to be held",
    ending: BROKEN,
    next: HOLD,
    state: "held",
    result: "unknown",
    code: 20,
    events: ["deferral"],
  },
];

describe("settlementOf", () => {
  it.each(ROWS)("$name: $state with $events", (row) => {
    const outcome = judge(row.ending, { relay: "mx.example.com" });
    const settlement = settle(outcome, row.next ? () => row.next ?? unasked() : unasked);
    expect(settlement).toMatchObject({
      delivery,
      state: row.state,
      dueAt: row.dueAt ?? null,
      suppress: row.suppress ?? false,
      attempt: {
        at: NOW,
        relay: "mx.example.com",
        result: row.result,
        code: row.code,
        reply: outcome.reply,
        tls: outcome.tls,
      },
    });
    const names = settlement.events.map((event) =>
      event.name === "delivery_attempt"
        ? event.status
        : "bounceType" in event
          ? `${event.name} ${event.bounceType} ${event.bounceCode}`
          : event.name,
    );
    expect(names).toEqual(row.events);
    const text = row.next?.kind === "expired" ? row.next.text : outcome.text;
    const texts = settlement.events.map((event) => ("text" in event ? event.text : null));
    expect(texts).toEqual(row.events.map(() => text));
  });

  it("gives each event an id of its own and the delivery's particulars", () => {
    const ending = refusal(550, "5.1.1", "No such user");
    const { events } = settle(judge(ending, { relay: "mx.example.com" }), unasked);
    const common = {
      at: NOW,
      messageId: "message",
      position: 1,
      email: "B@example.com",
      tags: "tag",
      sendId: "send",
      listId: "list",
    };
    expect(events.map((event, index) => ({ ...event, ...common, id: `id-${index + 1}` }))).toEqual(
      events,
    );
    expect(events[0]).toMatchObject({ from: "s@edgepost.test", injectedAt: NOW - 5_000 });
  });

  it("calls a bounce without a code a general one", () => {
    const outcome = judge(refusal(554, "5.0.0", "No"), { relay: "mx.example.com" });
    const { events, suppress } = settle({ ...outcome, state: "bounced", code: null }, unasked);
    expect([events[1], suppress]).toMatchObject([{ bounceCode: 40, bounceType: "s" }, false]);
  });
});

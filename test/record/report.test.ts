// Report × state of the delivery → trace, events, state, suppression (A-054…A-056, 3.7).
import { describe, expect, it } from "vitest";
import { DELIVERY_STATES, type DeliveryState, mayFollow } from "../../src/model/delivery.ts";
import type { Report, Said } from "../../src/model/report.ts";
import { reported } from "../../src/record/report.ts";
import type { TrackedDelivery } from "../../src/store/delivery-activity.ts";

const NOW = Date.UTC(2026, 10, 21, 10);

const SENT = {
  at: NOW - 60_000,
  relay: "mx.example.com",
  result: "success",
  code: null,
  reply: "250 Ok",
  tls: true,
  log: 1,
} as const;

function delivery(change: Partial<TrackedDelivery> = {}): TrackedDelivery {
  return {
    recipient: "a@example.com",
    messageId: "message",
    position: 1,
    email: "A@example.com",
    tags: "tag",
    sendId: "send",
    listId: "list",
    mailClass: "transactional",
    deliveredAt: SENT.at,
    state: "delivered",
    history: [SENT],
    activity: [],
    ...change,
  };
}

function bounce(code: 10 | 22 | 52, host = "mx.example.net"): Said {
  return { kind: "bounce", code, reply: `550 because of ${code}`, host };
}

const COMPLAINT: Said = { kind: "complaint", reply: "abuse report from example.net" };
const AUTO: Said = { kind: "auto_reply", reply: "Out of office" };
const DELAYED: Said = { kind: "delayed", reply: "451 4.4.1 later" };
const RECEIVED: Said = { kind: "received", reply: "250 2.0.0 Ok" };

function report(said: Said, at = NOW): Report {
  return { place: { by: "place", messageId: "message", position: 1 }, at, said };
}

function judged(said: readonly Said[], change: Partial<TrackedDelivery> = {}) {
  let made = 0;
  const { entry, outcomes } = reported(
    delivery(change),
    said.map((one) => report(one)),
    { now: NOW, newId: () => `id-${++made}` },
  );
  const told = entry.events.map((event) =>
    "bounceCode" in event ? `${event.name} ${event.bounceType} ${event.bounceCode}` : event.name,
  );
  return { ...entry.verdict, told, outcomes, entry, traces: entry.added.map(({ kind }) => kind) };
}

describe("a bounce that comes back", () => {
  it("of a bad address turns delivered into bounced and suppresses (A-054)", () => {
    expect(judged([bounce(10)])).toMatchObject({
      outcomes: ["recorded"],
      bounced: true,
      suppress: [{ scope: "bounce", reason: "550 because of 10" }],
      told: ["bounce_all h 10", "bounce_bad_address h 10"],
      traces: ["bounce"],
    });
  });

  it("of any other kind suppresses nobody", () => {
    const { bounced, suppress, told } = judged([bounce(52)]);
    expect([bounced, suppress, told]).toEqual([true, [], ["bounce_all s 52"]]);
  });

  it("is told in the words of 3.8, with the delivery's own fields", () => {
    const [event] = judged([bounce(22)]).entry.events;
    expect(event).toEqual({
      id: "id-1",
      at: NOW,
      messageId: "message",
      position: 1,
      email: "A@example.com",
      tags: "tag",
      sendId: "send",
      listId: "list",
      mailClass: "transactional",
      deliveredAt: SENT.at,
      name: "bounce_all",
      bounceType: "s",
      bounceCode: 22,
      reported: { before: null },
      text: "mx.example.net refused the message after the relay accepted it.\nRemote host said: 550 because of 22\n",
    });
    const [nameless] = judged([bounce(22, "")]).entry.events;
    expect(nameless).toMatchObject({ text: expect.stringMatching(/^A later host refused/) });
  });

  const REPLIED = { id: "1", kind: "auto_reply", at: NOW, code: 60, reply: "", log: 1 } as const;
  const REFUSED = { ...SENT, result: "failure", code: 10 } as const;

  it.each<readonly [string, Said, Partial<TrackedDelivery>, unknown]>([
    ["nothing", AUTO, {}, null],
    ["an automatic reply", bounce(22), { activity: [REPLIED] }, { code: 60, local: false }],
    ["a refusal here", AUTO, { state: "bounced", history: [REFUSED] }, { code: 10, local: true }],
    [
      "its end here",
      AUTO,
      { state: "expired", history: [{ ...REFUSED, result: "deferral", code: 22 }] },
      { code: 22, local: true },
    ],
  ])("tells how the delivery's bounces counted after %s", (_what, said, change, before) => {
    expect(judged([said], change).entry.events[0]).toMatchObject({ reported: { before } });
  });

  const OUTCOMES: Readonly<Record<DeliveryState, string>> = {
    queued: "too_early",
    sending: "too_early",
    deferred: "too_early",
    delivered: "recorded",
    bounced: "known",
    expired: "known",
    // One of their attempts may have reached the relay.
    suppressed: "recorded",
    cancelled: "recorded",
    held: "recorded",
  };
  for (const state of DELIVERY_STATES) {
    it(`of a delivery that is ${state} is ${OUTCOMES[state]}`, () => {
      const history = [{ ...SENT, result: "unknown" as const }];
      const { outcomes, bounced } = judged([bounce(22)], { state, history });
      expect(outcomes).toEqual([OUTCOMES[state]]);
      expect(bounced).toBe(outcomes[0] === "recorded" && mayFollow(state, "bounced"));
    });
  }

  it("of mail that never left is nobody's", () => {
    const { outcomes, entry } = judged([bounce(10)], { state: "suppressed", history: [] });
    expect([outcomes, entry.added, entry.events]).toEqual([["known"], [], []]);
  });
});

describe("other reports", () => {
  it("of spam suppress for complaint and change no state (A-056)", () => {
    expect(judged([COMPLAINT])).toMatchObject({
      bounced: false,
      suppress: [{ scope: "complaint", reason: "abuse report from example.net" }],
      told: ["spam_complaint"],
      traces: ["complaint"],
    });
  });

  it("of a machine that answers are code 60 and never suppress (A-055)", () => {
    const { bounced, suppress, told } = judged([AUTO]);
    expect([bounced, suppress, told]).toEqual([false, [], ["bounce_all o 60"]]);
  });

  it("of a server that is still trying are code 70; of one that has it, a trace alone", () => {
    const { bounced, suppress, told, traces } = judged([DELAYED, RECEIVED]);
    expect([bounced, suppress, told]).toEqual([false, [], ["bounce_all o 70"]]);
    expect(traces).toEqual(["delayed", "received"]);
  });

  it("count once per delivery and kind, in one batch as over time", () => {
    const { outcomes, entry } = judged([COMPLAINT, bounce(52), COMPLAINT, bounce(10), AUTO]);
    expect(outcomes).toEqual(["recorded", "recorded", "known", "known", "recorded"]);
    const again = judged([COMPLAINT, bounce(10), AUTO, DELAYED], { activity: entry.added });
    expect(again.outcomes).toEqual(["known", "known", "known", "known"]);
    expect([again.entry.added, again.entry.events, again.suppress]).toEqual([[], [], []]);
  });

  it("from the future are of now", () => {
    const late = reported(delivery(), [report(AUTO, NOW + 1), report(COMPLAINT, NOW - 1)], {
      now: NOW,
      newId: () => "id",
    });
    expect(late.entry.added.map(({ at }) => at)).toEqual([NOW, NOW - 1]);
  });
});

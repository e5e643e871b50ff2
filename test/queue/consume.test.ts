// What a run of the consumer makes of a relay's answers (A-017, A-045… ).
import PostalMime from "postal-mime";
import { afterEach, describe, expect, it } from "vitest";
import { kasploBody } from "../../src/notify/payload/kasplo.ts";
import { consume } from "../../src/queue/consume.ts";
import { bytesOf } from "../peers/client.ts";
import type { SmtpScript } from "../peers/script.ts";
import { copies, countOf, deliveries, events, onlyDelivery, states } from "../support/ledger.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  START,
} from "../support/queue-world.ts";
import { email } from "../support/world.ts";

let world: QueueWorld;
afterEach(() => world.stop());

async function given(script: SmtpScript = {}): Promise<QueueWorld> {
  world = await queueWorld(script);
  return world;
}

/** Runs the consumer once and waits for what it left in the background. */
async function run(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
}

const refuse = (reply: string): SmtpScript => ({ rules: [{ at: "rcpt", do: { reply } }] });

/** The log's events in short. */
async function told(): Promise<readonly unknown[]> {
  return (await events()).map((event) => {
    if (event.name === "delivery_attempt") return [event.name, event.status];
    return "bounceType" in event ? [event.name, event.bounceType, event.bounceCode] : [event.name];
  });
}

describe("a relay that answers 250 (A-045)", () => {
  it("makes one success, told in strings, with a timestamp of 10 digits", async () => {
    const { send } = await given();
    await send(["a@example.com"], { metadata: { sendId: "July-01" } });
    await run();
    expect((await onlyDelivery()).state).toBe("delivered");
    const all = await events();
    expect(all.length).toBe(1);
    const payload: Record<string, unknown> = all[0] ? { ...kasploBody(all[0]) } : {};
    for (const value of Object.values(payload)) expect(typeof value).toBe("string");
    expect(payload).toMatchObject({ status: "success", sendid: "july-01" });
    expect(payload["timestamp"]).toMatch(/^\d{10}$/);
    expect(payload["message"]).toMatch(
      /^127\.0\.0\.1 accepted message\.\/Remote host said: 250 .*\/$/,
    );
  });

  it("sends To, Cc and Bcc their own copies and never shows the Bcc (A-017)", async () => {
    const { post, peer } = await given();
    const recipients = {
      to: [{ email: "to@example.com" }],
      cc: [{ email: "cc@example.com" }],
      bcc: [{ email: "bcc@example.com" }],
    };
    const tracking = { "x-kasplo-click-tracking-id": "same for all" };
    const body = { ...tracking, ...email({ recipients }) };
    const id = (await post(body)).headers.get("X-Message-Id");
    await run();
    const { messages } = await peer.log();
    expect(messages.flatMap(({ to }) => to).sort()).toEqual([
      "bcc@example.com",
      "cc@example.com",
      "to@example.com",
    ]);
    for (const { content } of messages) {
      const text = new TextDecoder().decode(bytesOf(content));
      expect(text).not.toMatch(/bcc/i);
      const mail = await PostalMime.parse(text);
      expect([mail.to?.[0]?.address, mail.cc?.[0]?.address]).toEqual([
        "to@example.com",
        "cc@example.com",
      ]);
    }
    const all = await events();
    expect(
      all.map(({ messageId, position, tags }) => `${messageId}:${position} ${tags}`).sort(),
    ).toEqual([0, 1, 2].map((position) => `${id}:${position} same for all`));
  });
});

describe("a relay that refuses", () => {
  it("with 550 5.1.1: failure, both bounces, suppressed at once (A-046)", async () => {
    const { send, post } = await given(refuse("550 5.1.1 no such user here"));
    await send(["gone@example.com"]);
    await run();
    expect(await told()).toEqual([
      ["delivery_attempt", "failure"],
      ["bounce_all", "h", 10],
      ["bounce_bad_address", "h", 10],
    ]);
    expect(await onlyDelivery()).toMatchObject({ state: "bounced", dueAt: null, leaseId: null });
    const again = await post(email({}, ["Gone@Example.com"]));
    expect([again.status, (await again.json<{ statusCode: number }>()).statusCode]).toEqual([
      422, 1010,
    ]);
    expect(await countOf("messages")).toBe(1);
  });

  it("with 550 5.1.1 once: the address is dropped from the next send, the others go on", async () => {
    const { send, peer } = await given(refuse("550 5.1.1 no such user here"));
    await send(["gone@example.com"]);
    await run();
    await peer.setRules([]);
    await send(["b@example.com", "gone@example.com", "c@example.com"]);
    await run();
    expect((await deliveries()).slice(1).map(({ state }) => state)).toEqual([
      "delivered",
      "suppressed",
      "delivered",
    ]);
    expect((await copies(peer)).length).toBe(2);
  });

  it("with 452 4.2.2, then answers 250: deferral, success, no bounce (A-047)", async () => {
    const rule = { at: "rcpt", times: 1, do: { reply: "452 4.2.2 mailbox full" } } as const;
    const { send, clock } = await given({ rules: [rule] });
    await send(["full@example.com"]);
    await run();
    expect(await onlyDelivery()).toMatchObject({ state: "deferred", dueAt: START + 5 * MINUTE });
    clock.advance(5 * MINUTE - 1);
    await run();
    expect((await onlyDelivery()).state).toBe("deferred");
    clock.advance(1);
    await run();
    const { state, history } = await onlyDelivery();
    expect([state, ...history.map(({ result }) => result)]).toEqual([
      "delivered",
      "deferral",
      "success",
    ]);
    expect(await told()).toEqual([
      ["delivery_attempt", "deferral"],
      ["delivery_attempt", "success"],
    ]);
    expect(await countOf("suppressions")).toBe(0);
  });

  it("with 4.2.2 until 72 h have passed: failure_toolong and a soft bounce 22 (A-048)", async () => {
    const { send, clock } = await given(refuse("452 4.2.2 mailbox full"));
    await send(["full@example.com"]);
    for (let tries = 0; tries < 40; tries++) {
      await run();
      const { dueAt } = await onlyDelivery();
      if (dueAt === null) break;
      expect(dueAt).toBeLessThanOrEqual(START + 72 * HOUR);
      clock.advance(dueAt - clock.now());
    }
    const { state, attempts, history } = await onlyDelivery();
    expect(state).toBe("expired");
    expect([attempts, history.length]).toEqual([24, 24]);
    expect(clock.now()).toBe(START + 72 * HOUR);
    const told72 = await told();
    expect(told72.slice(0, -2)).toEqual(
      Array.from({ length: 23 }, () => ["delivery_attempt", "deferral"]),
    );
    expect(told72.slice(-2)).toEqual([
      ["delivery_attempt", "failure_toolong"],
      ["bounce_all", "s", 22],
    ]);
    expect(await countOf("suppressions")).toBe(0);
  });

  it("with 554 5.7.1 and words about spam: a soft bounce 52, not a bad address (A-049)", async () => {
    const { send } = await given(refuse("554 5.7.1 message rejected as spam"));
    await send(["a@example.com"]);
    await run();
    expect(await told()).toEqual([
      ["delivery_attempt", "failure"],
      ["bounce_all", "s", 52],
    ]);
    expect(await countOf("suppressions")).toBe(0);
  });

  it("with 5.1.2 for a recipient: failure with code 10 (A-052)", async () => {
    const { send } = await given(refuse("550 5.1.2 bad destination system"));
    await send(["a@nowhere.example"]);
    await run();
    expect((await told()).slice(0, 2)).toEqual([
      ["delivery_attempt", "failure"],
      ["bounce_all", "h", 10],
    ]);
  });

  it("some recipients of one message: each gets its own state (F14)", async () => {
    const { send, peer, clock } = await given({
      rules: [
        { at: "rcpt", match: "p1@", do: { reply: "550 5.1.1 unknown" } },
        { at: "rcpt", match: "p2@", times: 1, do: { reply: "452 4.5.3 too many" } },
        { at: "dot", match: "p3@", times: 1, do: { reply: "451 4.3.0 later" } },
        { at: "dot", match: "p4@", do: { reply: "554 5.7.1 policy" } },
      ],
    });
    await send(people(6));
    await run();
    const now = async () => (await deliveries()).map(({ state }) => state);
    expect(await now()).toEqual([
      "delivered",
      "bounced",
      "deferred",
      "deferred",
      "bounced",
      "delivered",
    ]);
    clock.advance(6 * MINUTE);
    await run();
    expect(await states()).toEqual({ delivered: 4, bounced: 2 });
    const seen = await copies(peer);
    expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
  });
});

describe("suppressed recipients (A-074)", () => {
  it("are refused with 422/1010 when there is nobody else", async () => {
    const { send, post, peer } = await given(refuse("550 5.1.1 unknown"));
    await send(people(2));
    await run();
    await peer.setRules([]);
    const body = email({}, people(2));
    const answer = await post(body);
    expect([answer.status, (await answer.json<{ statusCode: number }>()).statusCode]).toEqual([
      422, 1010,
    ]);
    await run();
    expect(await copies(peer)).toEqual([]);
  });
});

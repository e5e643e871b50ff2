// The door for mail on the real database (A-054…A-056; attack rows of 5.2: bounce forgery, complaint
// forgery, loops; C16; F26).
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveMail } from "../../src/inbound/mail.ts";
import { returnPathsOf } from "../../src/inbound/verp.ts";
import { toBase32 } from "../../src/lib/base32.ts";
import type { IncomingMail } from "../../src/model/inbound.ts";
import { consume } from "../../src/queue/consume.ts";
import { countOf, deliveries, events } from "../support/ledger.ts";
import { HOUR, MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { testLinks } from "../support/tracking.ts";
import { ask, givenDomain } from "../support/world.ts";
import {
  ABUSE,
  type About,
  arf,
  AUTO_REPLIES,
  dsn,
  FAILED_GROUP,
  filled,
  incoming,
  OTHERS,
  REDACTED,
  TEXTS,
} from "./mails.ts";

const DAY = 24 * HOUR;
const BOUNCES = "bounce.edgepost.test";
const FBL = `fbl@${BOUNCES}`;

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld({}, { links: testLinks() });
  await givenDomain("edgepost.test", { bounceDomain: BOUNCES });
});
afterEach(async () => {
  await world.app.idle();
  await world.stop();
  await givenDomain("edgepost.test");
});

/** Sends and delivers; answers what comes back may say of the delivery at a position. */
async function delivered(to: readonly string[] = ["a@example.com"], position = 0): Promise<About> {
  const messageId = await world.send(to);
  await consume(world.app);
  await world.app.idle();
  world.clock.advance(MINUTE);
  const place = { messageId, position };
  const returnPath = await world.app.returnPaths.addressOf(place, BOUNCES);
  return { email: to[position] ?? "", messageId, returnPath };
}

async function receive(mail: IncomingMail): Promise<string | null> {
  const refusal = await receiveMail(world.app, mail);
  await world.app.idle();
  return refusal;
}

function bounce(about: About, to = about.returnPath): IncomingMail {
  return incoming(filled(dsn([FAILED_GROUP]), about), to);
}

/** Kinds of all events but attempts, with their code. */
async function told(): Promise<readonly string[]> {
  return (await events()).flatMap((event) =>
    event.name === "delivery_attempt"
      ? []
      : [
          "bounceCode" in event
            ? `${event.name} ${event.bounceType} ${event.bounceCode}`
            : event.name,
        ],
  );
}

async function scopes(): Promise<readonly string[]> {
  const { results } = await env.DB.prepare(
    "select address, scope from suppressions order by address, scope",
  ).all<{ address: string; scope: string }>();
  return results.map(({ address, scope }) => `${scope} ${address}`);
}

/** Counts of what changed nothing, as /v1/inbound shows them. */
async function counts(): Promise<Readonly<Record<string, number>>> {
  const answer = await ask(world.app, "GET", "/v1/inbound", { key: world.key });
  const { data } = await answer.json<{ data: { outcome: string; count: number }[] }>();
  return Object.fromEntries(
    data.filter(({ count }) => count > 0).map(({ outcome, count }) => [outcome, count]),
  );
}

describe("a bounce mail", () => {
  it("turns delivered into bounced, with that delivery's events and suppression (A-054)", async () => {
    const about = await delivered(people(3), 1);
    world.d1.reset();
    expect(await receive(bounce(about))).toBeNull();
    expect(world.d1.rowsWritten()).toBe(3);
    expect((await deliveries()).map(({ state }) => state)).toEqual([
      "delivered",
      "bounced",
      "delivered",
    ]);
    const [all, bad] = (await events()).filter(({ name }) => name !== "delivery_attempt");
    const place = { messageId: about.messageId, position: 1, email: "p1@example.com" };
    expect(all).toMatchObject({ ...place, name: "bounce_all", bounceType: "h", bounceCode: 10 });
    expect(bad).toMatchObject({ ...place, name: "bounce_bad_address" });
    expect([await scopes(), await counts()]).toEqual([["bounce p1@example.com"], {}]);
  });

  it("may come in upper case, and to another domain of ours", async () => {
    const about = await delivered();
    const to = about.returnPath.toUpperCase().replace("BOUNCE.", "MAIL.");
    expect(await receive(bounce(about, to))).toBeNull();
    expect(await told()).toEqual(["bounce_all h 10", "bounce_bad_address h 10"]);
  });

  it("without a status part counts as well", async () => {
    for (const [n, [name, , mail]] of TEXTS.slice(0, 3).entries()) {
      const about = await delivered([`n${n}@example.com`]);
      const raw = filled(mail, about);
      expect(await receive(incoming(raw, about.returnPath, "<>")), name).toBeNull();
    }
    expect((await told()).filter((one) => one === "bounce_all h 10")).toHaveLength(3);
  });

  it("of several recipients is ours where it names ours", async () => {
    const about = await delivered(["Ann@example.com"]);
    const other = "Final-Recipient: rfc822; other@example.com\nAction: relayed\nStatus: 2.0.0";
    const raw = filled(dsn([other, FAILED_GROUP]), about);
    expect(await receive(incoming(raw, about.returnPath))).toBeNull();
    expect(await told()).toEqual(["bounce_all h 10", "bounce_bad_address h 10"]);
  });

  it("that comes before our own attempt is committed is to come again", async () => {
    const messageId = await world.send(["a@example.com"]);
    const place = { messageId, position: 0 };
    const returnPath = await world.app.returnPaths.addressOf(place, BOUNCES);
    const about = { email: "a@example.com", messageId, returnPath };
    await expect(receive(bounce(about))).rejects.toThrow("not over yet");
    await consume(world.app);
    expect(await receive(bounce(about))).toBeNull();
  });

  it("that is nobody's: the account's mail was purged meanwhile", async () => {
    const about = await delivered();
    await env.DB.batch(
      ["messages", "deliveries"].map((table) => env.DB.prepare(`delete from ${table}`)),
    );
    expect(await receive(bounce(about))).toMatch(/not known any more/);
    expect(await counts()).toEqual({ not_found: 1 });
  });
});

describe("an automatic reply", () => {
  it("is at most one bounce_all of code 60 per delivery, and never suppresses (A-055)", async () => {
    const about = await delivered();
    for (const [, mail] of AUTO_REPLIES) {
      const raw = filled(mail, about);
      expect(await receive(incoming(raw, about.returnPath, about.email))).toBeNull();
    }
    expect([await told(), await scopes()]).toEqual([["bounce_all o 60"], []]);
    expect((await deliveries()).map(({ state }) => state)).toEqual(["delivered"]);
    expect(await counts()).toEqual({ repeated: AUTO_REPLIES.length - 1 });
  });
});

describe("a complaint", () => {
  const complain = (about: About, returned: string, to = FBL) =>
    receive(incoming(filled(arf(ABUSE, returned), about), to, "feedback@fbl.example.net"));

  it("is scomp and suppresses for complaint (A-056)", async () => {
    const about = await delivered();
    expect(await complain(about, REDACTED.token)).toBeNull();
    expect([await told(), await scopes()]).toEqual([
      ["spam_complaint"],
      ["complaint a@example.com"],
    ]);
    const answer = await ask(world.app, "GET", "/v1/suppressions/a%40example.com", {
      key: world.key,
    });
    expect(await answer.json()).toMatchObject({
      data: {
        reason: "abuse report by SomeGenerator/1.0",
        evidence: { event: "spam_complaint", message_id: about.messageId },
      },
    });
    const listed = await ask(world.app, "GET", "/v1/events?event=spam_complaint", {
      key: world.key,
    });
    expect(await listed.json()).toMatchObject({ data: [{ event_type: "scomp" }] });
  });

  it("is found by the token, the unsubscribe link or the Message-ID of a redacted mail", async () => {
    const one = await delivered(["one@example.com"]);
    const two = await delivered(["x@example.com", "two@example.com"], 1);
    const three = await delivered(["three@example.com"]);
    const four = await delivered(["four@example.com"]);
    const link = { messageId: two.messageId, position: 1, address: two.email, url: null };
    const url = await testLinks().urlOf({ kind: "unsubscribe", ...link });
    expect(await complain(one, REDACTED.token)).toBeNull();
    expect(await complain({ ...two, unsubscribe: `<${url}>` }, REDACTED.unsubscribe)).toBeNull();
    expect(await complain(three, REDACTED.messageId)).toBeNull();
    expect(await complain(four, REDACTED.nothing, four.returnPath)).toBeNull();
    expect(await scopes()).toEqual(
      ["four", "one", "three", "two"].map((name) => `complaint ${name}@example.com`),
    );
    expect(await counts()).toEqual({});
  });

  it("of another kind of feedback changes nothing", async () => {
    const about = await delivered();
    const report = arf("Feedback-Type: not-spam\nUser-Agent: x/1", REDACTED.token);
    expect(await receive(incoming(filled(report, about), FBL, "x@y"))).toBeNull();
    expect([await told(), await counts()]).toEqual([[], { other_feedback: 1 }]);
  });
});

describe("forgery (5.2)", () => {
  it("of bounces: no token, wrong, expired or another deployment's; 0 suppressions", async () => {
    const about = await delivered();
    const other = returnPathsOf({ ...world.app.config, encryptionKey: btoa("x".repeat(32)) });
    const foreign = await other.addressOf({ messageId: about.messageId, position: 0 }, BOUNCES);
    const changed = about.returnPath.replace(/(.)@/, (_, last) => (last === "a" ? "b@" : "a@"));
    for (const to of [foreign, changed, `b+@${BOUNCES}`, `b+x@${BOUNCES}`]) {
      expect(await receive(bounce(about, to)), to).toMatch(/^5\.1\.1/);
    }
    for (const to of [`bounces@${BOUNCES}`, "sender@edgepost.test", `b@${BOUNCES}`, ""]) {
      expect(await receive(bounce(about, to)), to).toMatch(/^5\.1\.1/);
    }
    // Ids are of the real time, which may be some days after the world's.
    world.clock.advance(Date.now() - world.clock.now() + 61 * DAY);
    expect(await receive(bounce(about))).toMatch(/^5\.1\.1/);
    expect([await told(), await scopes()]).toEqual([[], []]);
    expect(await counts()).toEqual({ forged: 4, unknown_address: 4, expired: 1 });
  });

  it("of random tokens none changes anything, and each is counted", async () => {
    const about = await delivered();
    const raw = filled(dsn([FAILED_GROUP]), about);
    for (let n = 0; n < 50; n++) {
      const token = toBase32(crypto.getRandomValues(new Uint8Array(30)));
      expect(await receiveMail(world.app, incoming(raw, `b+${token}@${BOUNCES}`))).not.toBeNull();
    }
    await world.app.idle();
    expect([await told(), await scopes(), await counts()]).toEqual([[], [], { forged: 50 }]);
  });

  it("of a replay: the same bounce, or another one, again writes its count alone", async () => {
    const about = await delivered();
    await receive(bounce(about));
    const before = [await told(), await scopes()];
    world.d1.reset();
    for (let n = 0; n < 3; n++) expect(await receive(bounce(about))).toBeNull();
    const soft = dsn(["Final-Recipient: rfc822; {email}\nAction: failed\nStatus: 5.2.2"]);
    expect(await receive(incoming(filled(soft, about), about.returnPath))).toBeNull();
    expect(world.d1.rowsWritten()).toBe(4);
    expect([await told(), await scopes()]).toEqual(before);
    expect(await counts()).toEqual({ repeated: 4 });
  });

  it("of complaints: 12 that name no delivery of ours have no effect", async () => {
    const about = await delivered(people(2));
    const other = returnPathsOf({ ...world.app.config, encryptionKey: btoa("x".repeat(32)) });
    const place = { messageId: about.messageId, position: 0 };
    const foreign = { ...about, returnPath: await other.addressOf(place, BOUNCES) };
    const nobody = { ...about, messageId: world.app.newId() };
    const random = `b+${toBase32(crypto.getRandomValues(new Uint8Array(30)))}@${BOUNCES}`;
    const url = (await testLinks().urlOf({ kind: "open", ...place })).replace("/o/", "/u/");
    const cases: readonly (readonly [About, string, to?: string])[] = [
      [about, REDACTED.nothing],
      // Of a message with two recipients the Message-ID names neither.
      [about, REDACTED.messageId],
      [nobody, REDACTED.messageId],
      [{ ...about, messageId: "x" }, REDACTED.messageId],
      [{ ...about, messageId: `${about.messageId}@x> <${about.messageId}` }, REDACTED.messageId],
      [foreign, REDACTED.token],
      [{ ...about, returnPath: random }, REDACTED.token],
      [{ ...about, unsubscribe: `<${url}>` }, REDACTED.unsubscribe],
      [{ ...about, unsubscribe: "<https://mail.edgepost.test/u/x>" }, REDACTED.unsubscribe],
      [{ ...about, unsubscribe: "<https://evil.example/u/x>" }, REDACTED.unsubscribe],
      // Named in the body, not in the header.
      [about, "From: x@y\n\n{return}\nMessage-ID: <{message}@edgepost.test>\n"],
      [about, REDACTED.token, `b+x@${BOUNCES}`],
    ];
    for (const [who, returned, to = FBL] of cases) {
      await receive(incoming(filled(arf(ABUSE, returned), who), to, "x@fbl.example.net"));
    }
    expect([cases.length, await told(), await scopes()]).toEqual([12, [], []]);
    const seen = Object.values(await counts()).reduce((sum, count) => sum + count, 0);
    expect(seen).toBe(12);
  });
});

describe("what is not ours", () => {
  it("is refused with a clear text that repeats nothing of the stranger's", async () => {
    const about = await delivered();
    for (const [, mail] of OTHERS) {
      const raw = filled(mail, about);
      const refusal = await receive(incoming(raw, about.returnPath, "ann@example.com"));
      expect(refusal).toBe("5.7.1 This address takes bounces only; write to the address in From");
      expect(await receive(incoming(raw, FBL, "ann@example.com"))).toBe(refusal);
    }
    expect([await told(), await counts()]).toEqual([[], { not_a_report: OTHERS.length * 2 }]);
  });

  it("is not even read when it is too large", async () => {
    const about = await delivered();
    const raw = new ReadableStream<Uint8Array>(
      {
        pull: () => Promise.reject(new Error("it was read")),
      },
      { highWaterMark: 0 },
    );
    const rawSize = 25 * 1024 * 1024 + 1;
    const mail = { from: "", to: about.returnPath, raw, rawSize };
    expect(await receive(mail)).toMatch(/^5\.3\.4/);
    expect(await counts()).toEqual({ too_large: 1 });
  });
});

describe("loops", () => {
  it("cannot start: mails of every kind come again and again, and nothing is ever sent", async () => {
    const about = await delivered();
    const sent = (await world.peer.log()).messages.length;
    let calls = 0;
    const app = {
      ...world.app,
      fetch: () => Promise.reject(new Error(String((calls += 1)))),
      dial: () => {
        throw new Error(String((calls += 1)));
      },
    };
    const mails = [
      ...AUTO_REPLIES.map(([, mail]) => mail),
      ...TEXTS.map(([, , mail]) => mail),
      ...OTHERS.map(([, mail]) => mail),
      dsn([FAILED_GROUP]),
      arf(ABUSE, REDACTED.token),
      `${"Received: from a by b\n".repeat(40)}From: <>\nPrecedence: list\nMessage-ID: <1@x>\n\nx\n`,
    ].map((mail) => filled(mail, about));
    for (let n = 0; n < mails.length * 3; n++) {
      const raw = mails[n % mails.length] ?? "";
      await receiveMail(app, incoming(raw, n % 4 === 0 ? FBL : about.returnPath, about.email));
    }
    await world.app.idle();
    await consume(world.app);
    expect([(await world.peer.log()).messages.length - sent, calls]).toEqual([0, 0]);
    expect(await countOf("messages")).toBe(1);
  });
});

describe("faults", () => {
  it("C16: recorded, and the handler dies before it returns: the sender's second try changes nothing", async () => {
    const about = await delivered();
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "after" });
    await expect(receive(bounce(about))).rejects.toThrow("injected");
    expect(await told()).toEqual(["bounce_all h 10", "bounce_bad_address h 10"]);
    world.d1.plan(null);
    expect(await receive(bounce(about))).toBeNull();
    expect(await told()).toEqual(["bounce_all h 10", "bounce_bad_address h 10"]);
    expect([await countOf("suppressions"), await counts()]).toEqual([1, { repeated: 1 }]);
  });

  it("F26: D1 failing at any statement throws, and nothing is half done", async () => {
    for (const nth of [1, 2]) {
      for (const mode of ["before", "after"] as const) {
        const about = await delivered([`n${nth}${mode}@example.com`]);
        world.d1.reset();
        world.d1.plan({ on: ({ n }) => n >= nth, mode });
        await expect(receive(bounce(about))).rejects.toThrow("injected");
        world.d1.plan(null);
        expect(await receive(bounce(about))).toBeNull();
      }
    }
    expect(await scopes()).toHaveLength(4);
    expect((await told()).filter((one) => one === "bounce_all h 10")).toHaveLength(4);
    expect(world.logged).toContain("inbound_failed");
  });

  it("F26: a count that cannot be written harms nobody", async () => {
    world.d1.plan({ on: ({ sql }) => sql.includes("inbound_counts"), mode: "before" });
    expect(await receive(incoming("x", `b+x@${BOUNCES}`))).toMatch(/^5\.1\.1/);
    expect(world.logged).toEqual(["inbound_ignored", "count_inbound_failed"]);
  });

  it("F26: 80 broken reports are recorded, refused or thrown, never a crash", async () => {
    const about = await delivered(people(80));
    const good = filled(dsn([FAILED_GROUP]), about);
    let recorded = 0;
    for (let n = 0; n < 80; n++) {
      const place = { messageId: about.messageId, position: n };
      const to = await world.app.returnPaths.addressOf(place, BOUNCES);
      const refusal = await receive(incoming(broken(good, n), to));
      if (refusal === null) recorded += 1;
      else expect(refusal).toMatch(/^5\.\d\.\d /);
    }
    const states = (await deliveries()).map(({ state }) => state);
    const seen = Object.values(await counts()).reduce((sum, count) => sum + count, 0);
    expect(recorded + seen).toBe(80);
    expect(states.filter((state) => state === "bounced").length).toBeGreaterThan(0);
    expect(states.filter((state) => state === "bounced").length).toBeLessThan(80);
  });
});

/** A mail with a piece cut out, doubled, or overwritten with noise; always the same one for a number. */
function broken(mail: string, n: number): string {
  const at = (n * 7_919) % mail.length;
  const length = 1 + ((n * 104_729) % 200);
  const [before, piece, after] = [
    mail.slice(0, at),
    mail.slice(at, at + length),
    mail.slice(at + length),
  ];
  switch (n % 4) {
    case 0:
      return before + after;
    case 1:
      return before + piece + piece + after;
    case 2:
      return `${before}${String.fromCharCode(...Array.from(piece, (_, k) => (n * 31 + k * 17) % 256))}${after}`;
    default:
      return before;
  }
}

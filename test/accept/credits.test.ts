// Credits at the doors (F-017): charged in the transaction of the accept, all or none, once; given back
// when a suppression comes before the first attempt; nothing of all that where they are not counted.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger, states } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";
import { suppress } from "./kasplo/native.ts";

const d1 = faultyD1(env.DB);
const app = testApp({ db: d1.db, log() {} });
let key = "";

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
  d1.plan(null);
});

const post = (body: unknown, headers: Record<string, string> = {}) =>
  ask(app, "POST", "/v1/send-email", { key, body, headers });

async function grant(amount: number): Promise<void> {
  const answer = await ask(app, "POST", "/v1/account/credits", { key, body: { amount } });
  expect(answer.status).toBe(201);
}

type Entry = { kind: string; amount: number; balance: number | null; message_id: string | null };
type Credits = { balance: number | null; unlimited: boolean; history: readonly Entry[] };

async function credits(): Promise<Credits> {
  const answer = await ask(app, "GET", "/v1/account/credits", { key });
  const { data } = await answer.json<{ data: Credits }>();
  return data;
}

function to(n: number) {
  return email(
    {},
    Array.from({ length: n }, (_, index) => `reader${index}@example.com`),
  );
}

describe("a send where credits are counted", () => {
  it("A-019: with 2 credits and 3 recipients is 402/1007, delivers nothing and leaves the balance", async () => {
    await grant(2);
    const refused = await post(to(3));
    expect(refused.status).toBe(402);
    expect(await refused.json()).toEqual({
      statusCode: 1007,
      status: "FAILED",
      message: "3 credits are needed and 2 are left; nothing was sent",
    });
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([0, 0]);
    expect(await credits()).toMatchObject({ balance: 2, history: [{ kind: "granted" }] });
    expect((await post(to(2))).status).toBe(200);
    expect((await post(to(1))).status).toBe(402);
  });

  it("A-017: charges To, Cc and Bcc one each, and tells for what", async () => {
    await grant(10);
    const recipients = {
      to: [{ email: "a@example.com" }],
      cc: [{ email: "b@example.com" }],
      bcc: [{ email: "c@example.com" }],
    };
    const sent = await post(email({ recipients }));
    const { balance, history } = await credits();
    expect([sent.status, balance]).toEqual([200, 7]);
    expect(history[0]).toMatchObject({
      kind: "charged",
      amount: -3,
      balance: 7,
      message_id: sent.headers.get("X-Message-Id"),
    });
  });

  it("A-018: charges an address in To and Cc once", async () => {
    await grant(10);
    const recipients = { to: [{ email: "a@example.com" }], cc: [{ email: "A@example.com" }] };
    await post(email({ recipients }));
    expect((await credits()).balance).toBe(9);
  });

  it("does not charge who is suppressed, and needs no credit for them", async () => {
    await grant(2);
    await suppress("reader0@example.com");
    expect((await post(to(3))).status).toBe(200);
    expect((await credits()).balance).toBe(0);
    const all = await post(to(1));
    expect([all.status, await all.json()]).toMatchObject([422, { statusCode: 1010 }]);
  });

  it("charges a repeated send once, and answers it when nothing is left", async () => {
    await grant(3);
    const headers = { "Idempotency-Key": "order-1" };
    const first = await post(to(3), headers);
    const again = await post(to(3), headers);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([200, "true"]);
    expect(again.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    expect((await post(to(2), headers)).status).toBe(422);
    expect(await credits()).toMatchObject({ balance: 0, history: [{}, {}] });
  });

  it("keeps a key of a 402 free for when there are credits", async () => {
    await grant(1);
    const headers = { "Idempotency-Key": "order-1" };
    expect((await post(to(2), headers)).status).toBe(402);
    await grant(1);
    const sent = await post(to(2), headers);
    expect([sent.status, sent.headers.get("Idempotent-Replayed")]).toEqual([200, null]);
  });

  it("leaves no R2 object of a message that is refused", async () => {
    await grant(1);
    const before = (await env.CONTENT.list()).objects.length;
    const large = email({ text: "x".repeat(60_000) }, ["a@example.com", "b@example.com"]);
    expect((await post(large)).status).toBe(402);
    await app.idle();
    expect((await env.CONTENT.list()).objects.length).toBe(before);
  });

  it("lets 100 at the same time spend 50 credits, not one more", async () => {
    await grant(50);
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(to(1))));
    const counted = [200, 402].map((wanted) => answers.filter((a) => a.status === wanted).length);
    expect(counted).toEqual([50, 50]);
    expect([await countOf("messages"), (await credits()).balance]).toEqual([50, 0]);
  });

  it.each(["before", "after"] as const)(
    "charges once what D1 lost %s the commit and was sent again",
    async (mode) => {
      await grant(10);
      const headers = { "Idempotency-Key": "order-1" };
      // Both tries of the first request fail; whether they were committed, nobody was told.
      d1.plan({ on: ({ sql }) => sql.includes("insert into messages"), mode, times: 2 });
      expect((await post(to(3), headers)).status).toBe(503);
      expect((await credits()).balance).toBe(mode === "before" ? 10 : 7);
      d1.plan({ on: ({ sql }) => sql.includes("insert into messages"), mode, times: 1 });
      expect((await post(to(3), headers)).status).toBe(200);
      expect((await credits()).balance).toBe(7);
      expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 3]);
    },
  );
});

describe("a recipient suppressed after the accept", () => {
  async function claim(leaseId: string) {
    const now = Date.now() + 1_000;
    const lease = { now, leaseId, leaseUntil: now + 30_000, limit: 100, alone: false };
    return claimDue(env.DB, { ...lease, lane: "transactional" });
  }

  it("gives its credit back before the first attempt, one row for each message, once", async () => {
    await grant(10);
    const first = await post(to(3));
    const second = await post(to(2));
    await suppress("reader0@example.com");
    await suppress("reader1@example.com");
    await claim("one");
    await claim("one");
    await claim("two");
    const { balance, history } = await credits();
    expect(balance).toBe(9);
    expect(history.slice(0, 2).map((entry) => Object.values(entry).slice(1, 5))).toEqual([
      ["refunded", 2, 9, second.headers.get("X-Message-Id")],
      ["refunded", 2, 7, first.headers.get("X-Message-Id")],
    ]);
    expect(await states()).toEqual({ suppressed: 4, sending: 1 });
  });

  it("has spent it when it was attempted before", async () => {
    await grant(1);
    await post(to(1));
    await env.DB.prepare("update deliveries set attempts = 1, state = 'deferred'").run();
    await suppress("reader0@example.com");
    await claim("one");
    expect([await states(), (await credits()).balance]).toEqual([{ suppressed: 1 }, 0]);
  });

  it("gives nothing back that was not charged", async () => {
    await post(to(1));
    await grant(5);
    await suppress("reader0@example.com");
    await claim("one");
    expect([await states(), (await credits()).balance]).toEqual([{ suppressed: 1 }, 5]);
  });

  it("gives nothing back where credits are not counted any more", async () => {
    await grant(5);
    await post(to(1));
    await ask(app, "DELETE", "/v1/account/credits", { key });
    await suppress("reader0@example.com");
    await claim("one");
    expect(await credits()).toMatchObject({
      balance: null,
      history: [{ kind: "unlimited" }, {}, {}],
    });
  });
});

describe("the rows of credits", () => {
  async function rowsOf(work: () => Promise<unknown>): Promise<readonly number[]> {
    await work();
    d1.reset();
    await work();
    return [d1.calls().length, d1.rowsWritten()];
  }

  it("are none where they are not counted, and one for an accept where they are", async () => {
    const unlimited = await rowsOf(() => post(to(2)));
    await grant(100);
    const counted = await rowsOf(() => post(to(2)));
    expect(unlimited[0]).toBe(1);
    expect(counted).toEqual([1, (unlimited[1] ?? 0) + 1]);
    expect((await deliveries()).length).toBe(8);
  });

  it("cost no round trip more but where an isolate finds out that they are counted", async () => {
    // What an isolate knows of them it knows by its binding.
    const other = faultyD1(env.DB);
    const send = () => {
      return ask({ ...app, db: other.db }, "POST", "/v1/send-email", { key, body: to(1) });
    };
    await grant(100);
    await send();
    await send();
    expect(other.calls().filter(({ kind }) => kind === "batch").length).toBe(3);
    await ask(app, "DELETE", "/v1/account/credits", { key });
    await send();
    other.reset();
    await send();
    const charges = other.calls().map(({ sql }) => sql.includes("insert into credit_ledger"));
    expect(charges).toEqual([false]);
    expect((await credits()).history[0]).toMatchObject({ kind: "unlimited", amount: -98 });
  });

  it("are charged under a key that was free again after 24 hours", async () => {
    await grant(100);
    const headers = { "Idempotency-Key": "daily" };
    await post(to(1), headers);
    await env.DB.prepare("update messages set created_at = created_at - 86400001").run();
    const again = await post(to(1), headers);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([200, null]);
    expect((await credits()).balance).toBe(98);
  });

  it("are none for a replay", async () => {
    await grant(100);
    const headers = { "Idempotency-Key": "order-1" };
    expect(await rowsOf(() => post(to(2), headers))).toEqual([1, 0]);
  });
});

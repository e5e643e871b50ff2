// The limits at the front door: 429 and 413 with the limit's name, the headers of every answer, replays
// that are never refused, and the ways round the limit that are none (reliability 5.1).
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { rateLimitHeaders } from "../../src/accept/rate-limit.ts";
import { admitOver } from "../../src/check/admit.ts";
import type { Ask } from "../../src/check/quota.ts";
import { type KeyLimits, NO_LIMITS } from "../../src/model/plan.ts";
import { callBatch } from "../support/batch.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger } from "../support/ledger.ts";
import { REAL_TIME } from "../support/own-time.ts";
import { quotaObject } from "../support/quota-object.ts";
import { givenCredential, handOver, PLAIN, postRaw, withGateway } from "../support/raw.ts";
import { ask, email, givenDomain, givenKey, testApp, type TestApp } from "../support/world.ts";

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
});

/** An account with an object of its own, several isolates, and a key with limits. */
async function given(limits: Partial<KeyLimits> = {}, isolates = 1) {
  const name = crypto.randomUUID();
  const object = quotaObject(name);
  const d1 = faultyD1(env.DB);
  let calls = 0;
  const apps = Array.from({ length: isolates }, (): TestApp => {
    const app = testApp({ db: d1.db, log() {} });
    const lease = (wanted: Ask) => {
      calls += 1;
      return object.lease(wanted);
    };
    const world = { ...app, ...REAL_TIME, ...object, lease };
    return { ...app, quota: admitOver(world, new Map()) };
  });
  const { secret } = await givenKey({ limits: { ...NO_LIMITS, ...limits } });
  let turn = 0;
  /** Posts to the isolates in turn. */
  const post = (body: unknown = email(), headers: Record<string, string> = {}, key = secret) => {
    turn += 1;
    const app = apps[turn % isolates] ?? testApp();
    return ask(app, "POST", "/v1/send-email", { key, body, headers });
  };
  return { apps, d1, secret, post, calls: () => calls, stub: () => env.QUOTA.getByName(name) };
}

function to(n: number, domain = "example.com") {
  return email(
    {},
    Array.from({ length: n }, (_, index) => `reader${index}@${domain}`),
  );
}

const SLOW = { perSecond: 1, burst: 5 };

describe("a send over the limit", () => {
  it("is answered 429/1008 with Retry-After and the limit's name, and stores nothing", async () => {
    const { post } = await given(SLOW);
    expect((await post(to(5))).status).toBe(200);
    const refused = await post(to(3));
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "3"]);
    expect(await refused.json()).toEqual({
      statusCode: 1008,
      status: "FAILED",
      message:
        "the rate limit of this API key is reached: 1 recipients a second, at most 5 at once; send it again in 3 s",
    });
    expect(await countOf("messages")).toBe(1);
  });

  it("names the day where the day is over", async () => {
    const { post } = await given({ daily: 2 });
    expect((await post(to(2))).status).toBe(200);
    const refused = await post();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("Retry-After"))).toBeLessThanOrEqual(86_400);
    const { message } = await refused.json<{ message: string }>();
    expect(message).toContain(
      "the daily limit of this API key is reached: 2 recipients from midnight to midnight UTC",
    );
  });

  it("is answered 413/1006 when it is larger than the burst, which no waiting helps", async () => {
    const { post } = await given(SLOW);
    const refused = await post(to(6));
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([413, null]);
    expect(await refused.json()).toEqual({
      statusCode: 1006,
      status: "FAILED",
      message: "a request may have at most 5 recipients: the burst of this API key",
    });
    // It cost nothing.
    expect((await post(to(5))).status).toBe(200);
  });

  it("is a native error where the door is native", async () => {
    const { apps, secret, post } = await given(SLOW);
    const sent = await post(to(5));
    const path = `/v1/messages/${sent.headers.get("X-Message-Id")}/resend`;
    const refused = await ask(apps[0] ?? testApp(), "POST", path, { key: secret });
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "5"]);
    expect(await refused.json()).toMatchObject({ error: { code: "rate_limited" } });
    expect(refused.headers.get("RateLimit-Policy")).toContain('"key";q=5;w=5');
  });

  it("is answered 503 with Retry-After, never let in, when the limit cannot be asked", async () => {
    const app = testApp({ log() {} });
    const lease = () => Promise.reject(new Error("unreachable"));
    const world = { ...app, ...REAL_TIME, lease, observe: lease, pace: lease };
    const broken = { ...app, quota: admitOver(world, new Map()) };
    const { secret } = await givenKey();
    const refused = await ask(broken, "POST", "/v1/send-email", { key: secret, body: email() });
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(await refused.json()).toMatchObject({ statusCode: 1099 });
    expect(refused.headers.get("RateLimit-Policy")).toBe('"account";q=1000000;w=10');
    expect(refused.headers.get("RateLimit")).toBeNull();
    expect(await countOf("messages")).toBe(0);
  });
});

describe("every answer of a door that mail is sent through", () => {
  it("tells each limit, what is left of it, and until when", async () => {
    const { post } = await given({ perSecond: 2, burst: 10, daily: 100 });
    const { headers } = await post(to(3));
    expect(headers.get("RateLimit-Policy")).toBe(
      '"account";q=1000000;w=10, "key";q=10;w=5, "key-daily";q=100;w=86400',
    );
    expect(headers.get("RateLimit")).toMatch(
      /^"account";r=\d+;t=[01], "key";r=7;t=2, "key-daily";r=97;t=\d{1,5}$/,
    );
    const older = ["Limit", "Remaining", "Reset"].map((name) => headers.get(`X-RateLimit-${name}`));
    expect(older).toEqual(["10", "7", "2"]);
  });

  it.each([
    ["of a body that is no JSON", "{", 400],
    ["of a field that is wrong", email({ subject: "" }), 400],
    ["of a sender that is not ours", email({ from: "a@elsewhere.test" }), 403],
    ["of too many recipients", to(6), 413],
  ])("%s tells them too, and uses nothing up", async (_name, body, status) => {
    const { post } = await given(SLOW);
    const { headers, ...answer } = await post(body).then(async (response) => {
      await response.text();
      return { status: response.status, headers: response.headers };
    });
    expect(answer.status).toBe(status);
    expect(headers.get("RateLimit")).toMatch(/^"account";r=1000000;t=0, "key";r=5;t=0$/);
    expect(headers.get("X-RateLimit-Remaining")).toBe("5");
  });

  it("tells them when D1 fails", async () => {
    const { post, d1 } = await given();
    await post();
    d1.plan({ on: ({ sql }) => sql.includes("insert into messages"), mode: "before" });
    const failed = await post();
    expect([failed.status, failed.headers.has("RateLimit")]).toEqual([503, true]);
  });

  it("but one to nobody who may send has no limits to tell, nor has another door", async () => {
    const { apps, secret, post } = await given();
    const reader = await givenKey({ scopes: ["read"] });
    const refused = await post(email(), {}, reader.secret);
    expect([refused.status, refused.headers.has("RateLimit-Policy")]).toEqual([403, false]);
    const app = apps[0] ?? testApp();
    const unknown = await ask(app, "POST", "/v1/send-email", { body: email() });
    expect([unknown.status, unknown.headers.has("RateLimit-Policy")]).toEqual([401, false]);
    const read = await ask(app, "GET", "/v1/messages", { key: secret });
    expect([read.status, read.headers.has("RateLimit-Policy")]).toEqual([200, false]);
  });

  it("names in the older headers the limit that is nearest", () => {
    const standing = { windowSeconds: 1, resetSeconds: 9 };
    const headers = rateLimitHeaders([
      { ...standing, name: "account", quota: 10, remaining: 8 },
      { ...standing, name: "account-daily", quota: 100, remaining: 3 },
    ]);
    expect(headers).toMatchObject({
      "X-RateLimit-Limit": "100",
      "X-RateLimit-Remaining": "3",
      "X-RateLimit-Reset": "9",
    });
  });
});

describe("an account whose mail fails", () => {
  it("is slowed down, and told so in headers, in 429 and in /v1/account/limits", async () => {
    const { apps, post, secret } = await given();
    const app = apps[0] ?? testApp();
    await ask(app, "PATCH", "/v1/account", { key: secret, body: { plan: "starter" } });
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const bad = { minute, attempts: 1_000, deferred: 600, bounced: 0, complained: 0 };
    await app.quota.observe([bad]);
    expect((await post(to(50))).headers.get("RateLimit-Policy")).toContain('"account";q=50;w=10');
    const refused = await post(to(10));
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "2"]);
    expect(await refused.json()).toMatchObject({
      message: expect.stringContaining("slowed to 50 % because too much of the last 15 minutes'"),
    });
    const limits = await ask(app, "GET", "/v1/account/limits", { key: secret });
    expect(await limits.json()).toEqual({
      data: {
        plan: "starter",
        pace: {
          percent: 50,
          reason: "600 of 1000 attempts in 15 minutes were deferred",
        },
        limits: [
          {
            name: "account",
            recipients: 50,
            window_seconds: 10,
            remaining: expect.any(Number),
            reset_seconds: expect.any(Number),
          },
          {
            name: "account-daily",
            recipients: 10_000,
            window_seconds: 86_400,
            remaining: 9_950,
            reset_seconds: expect.any(Number),
          },
        ],
      },
    });
  });
});

describe("a replay", () => {
  const KEY = { "Idempotency-Key": "order-1" };

  it("is answered as before where a new send is refused", async () => {
    const { post, d1 } = await given(SLOW);
    const first = await post(to(5), KEY);
    d1.reset();
    const again = await post(to(5), KEY);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([200, "true"]);
    expect(again.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    expect([d1.calls().length, d1.rowsWritten()]).toEqual([1, 0]);
    expect((await post(to(4), KEY)).status).toBe(422);
    expect((await post(to(5), { "Idempotency-Key": "order-2" })).status).toBe(429);
  });

  it("uses nothing of the daily limit", async () => {
    const { post } = await given({ daily: 4 });
    await post(to(2), KEY);
    for (let n = 0; n < 5; n++) expect((await post(to(2), KEY)).status).toBe(200);
    expect((await post(to(2))).status).toBe(200);
    expect((await post()).status).toBe(429);
    expect(await countOf("messages")).toBe(2);
  });

  it("uses nothing of the rate while its tokens live", async () => {
    const { post } = await given({ perSecond: 1, burst: 6 });
    await post(to(3), KEY);
    for (let n = 0; n < 5; n++) await post(to(3), KEY);
    expect((await post(to(3))).status).toBe(200);
  });
});

describe("what a send costs", () => {
  it("is one D1 round trip and no call to the object while a lease lasts", async () => {
    const { post, d1, calls } = await given();
    for (let n = 0; n < 15; n++) await post();
    const before = calls();
    d1.reset();
    expect((await post()).status).toBe(200);
    expect([d1.calls().map(({ kind }) => kind), calls() - before]).toEqual([["batch"], 0]);
  });
});

describe("a way round the limit", () => {
  const LIMITS = { perSecond: 5, burst: 30 };

  /** Recipients of all messages must be within the bucket's law, and most of what it allows. */
  async function expectLawful(start: number, most = LIMITS): Promise<void> {
    const allowed = most.burst + (most.perSecond * (Date.now() - start)) / 1_000;
    const accepted = (await deliveries()).length;
    expect(accepted).toBeLessThanOrEqual(allowed);
    expect(accepted).toBeGreaterThanOrEqual(most.burst * 0.8);
  }

  async function tries(count: number, one: (n: number) => Promise<unknown>): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, n) => untilAnswered(() => one(n))));
  }

  /** Asks again when the limit could not be asked in time, as on a machine with much else to do. */
  async function untilAnswered(one: () => Promise<unknown>): Promise<void> {
    for (let n = 0; n < 3; n++) {
      const answer = await one();
      if (!(answer instanceof Response) || answer.status !== 503) return;
    }
  }

  it("is not to send 100 at the same time, through several isolates", async () => {
    const { post } = await given(LIMITS, 4);
    const start = Date.now();
    await tries(100, () => post());
    await expectLawful(start);
  });

  it("is not another address of the client", async () => {
    const { post } = await given(LIMITS);
    const start = Date.now();
    await tries(60, (n) =>
      post(email(), { "X-Forwarded-For": `192.0.2.${n}`, "X-Real-IP": "::1" }),
    );
    await expectLawful(start);
  });

  it("is not many keys of one account", async () => {
    const { post, apps } = await given();
    const keys = await Promise.all(Array.from({ length: 10 }, () => givenKey()));
    const body = { plan: "starter" };
    const manager = keys[0]?.secret ?? "";
    await ask(apps[0] ?? testApp(), "PATCH", "/v1/account", { key: manager, body });
    const start = Date.now();
    await tries(100, (n) => post(email(), {}, keys[n % keys.length]?.secret));
    await expectLawful(start, { perSecond: 10, burst: 50 });
  });

  it("is not many recipients in one message", async () => {
    const { post } = await given(LIMITS);
    const start = Date.now();
    await tries(20, () => post(to(10)));
    await expectLawful(start);
  });

  it("is not another door: JSON, batches, MIME, resending and SMTP together", async () => {
    const { post, apps, secret } = await given();
    const app = withGateway(apps[0] ?? testApp());
    await ask(app, "PATCH", "/v1/account", { key: secret, body: { plan: "starter" } });
    const start = Date.now();
    const { credential } = await givenCredential(app);
    const sent = await post();
    const path = `/v1/messages/${sent.headers.get("X-Message-Id")}/resend`;
    const doors = [
      () => post(),
      () => callBatch({ app, key: secret }, [email()]),
      () => postRaw(app, secret, PLAIN),
      () => ask(app, "POST", path, { key: secret }),
      () => handOver(app, credential.id, PLAIN),
    ];
    await tries(100, async (n) => doors[n % doors.length]?.());
    await expectLawful(start, { perSecond: 10, burst: 50 });
  });

  it("is not another way to write the same address", async () => {
    const { post } = await given(LIMITS);
    const start = Date.now();
    const ways = ["ann@example.com", "ANN@example.com", "ann+1@example.com", "Ann+2@EXAMPLE.com"];
    // Three deliveries: case alone makes no other recipient of it.
    await tries(30, () => post(email({}, ways)));
    await expectLawful(start);
    expect((await deliveries()).length).toBe((await countOf("messages")) * 3);
  });

  it.each([
    ["evicts", (stub: DurableObjectStub) => evictDurableObject(stub).catch(() => undefined)],
    ["kills", () => abortAllDurableObjects()],
  ])("is not to wait until the platform %s the object", async (_name, end) => {
    const { post, stub } = await given(LIMITS, 2);
    const start = Date.now();
    for (let round = 0; round < 4; round++) {
      const sent = tries(20, () => post());
      await end(stub());
      await sent;
    }
    await expectLawful(start);
  });
});

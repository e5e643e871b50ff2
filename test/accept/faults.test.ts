// F09, F10 and the R2 half at the front door: whatever D1 or R2 does at whichever call, no answer
// promises what is not there, nothing is stored by halves, and the same request again makes one message.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_STORE_MS } from "../../src/model/message.ts";
import { type D1Fault, faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";

beforeEach(emptyLedger);

/** A key, a domain that no isolate remembers, and a D1 with faults. */
async function given(clock: { readonly now?: () => number } = {}) {
  const domain = `d${crypto.randomUUID()}.test`;
  await givenDomain(domain, { defaultSender: `default@${domain}` });
  const { secret } = await givenKey();
  const d1 = faultyD1(env.DB);
  const logged: string[] = [];
  const app = testApp({ ...clock, db: d1.db, log: (_level, event) => void logged.push(event) });
  const body = email({ from: `a@${domain}` }, ["a@example.com", "b@example.com"]);
  const post = (idempotencyKey: string | null, change: Record<string, unknown> = {}) =>
    ask(app, "POST", "/v1/send-email", {
      key: secret,
      body: { ...body, ...change },
      headers: idempotencyKey === null ? {} : { "Idempotency-Key": idempotencyKey },
    });
  return { d1, app, secret, post, body, logged };
}

/** Rows of messages, contents and deliveries. */
async function stored(): Promise<readonly number[]> {
  return Promise.all([countOf("messages"), countOf("contents"), countOf("deliveries")]);
}

const NOTHING = [0, 0, 0];
const WHOLE = [1, 1, 2];

async function expectUnavailable(answer: Response): Promise<void> {
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get("X-Message-Id")).toBeNull();
  const body = await answer.json<Record<string, unknown>>();
  expect(body).toMatchObject({ statusCode: 1099, status: "FAILED" });
}

/** Call n and, with `times` 2, also its repetition. */
function fromCall(n: number, mode: D1Fault["mode"], times: number): D1Fault {
  return { on: (call) => call.n >= n, mode, times };
}

/** The D1 calls of a send whose key and domain are not remembered. */
const CALLS = 4;

describe("D1 fails at one call of an accept (F09)", () => {
  it("makes four calls when nothing is remembered, one when all is", async () => {
    const { d1, post } = await given();
    expect((await post(null)).status).toBe(200);
    expect(d1.calls().map(({ kind }) => kind)).toEqual(["all", "all", "all", "batch"]);
    expect(d1.calls().length).toBe(CALLS);
    d1.reset();
    expect((await post(null)).status).toBe(200);
    expect(d1.calls().map(({ kind }) => kind)).toEqual(["batch"]);
  });

  const cases = Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((n) =>
    (["before", "after"] as const).flatMap((mode) =>
      [1, 2].map((times) => ({ n, mode, times }) as const),
    ),
  );
  it.each(cases)("call $n, $mode it is committed, $times in a row", async ({ n, mode, times }) => {
    const { d1, post } = await given();
    d1.plan(fromCall(n, mode, times));
    const answer = await post("once");
    expect(d1.broken()).toBeGreaterThan(0);
    const left = await stored();
    if (answer.status === 200) expect(left).toEqual(WHOLE);
    else {
      await expectUnavailable(answer);
      expect([NOTHING, WHOLE]).toContainEqual(left);
      if (mode === "before") expect(left).toEqual(NOTHING);
    }
    d1.plan(null);
    expect((await post("once")).status).toBe(200);
    expect(await stored()).toEqual(WHOLE);
  });

  it("absorbs one failure of the accepting batch, committed or not", async () => {
    for (const mode of ["before", "after"] as const) {
      await emptyLedger();
      const { d1, post } = await given();
      d1.plan({ on: ({ kind }) => kind === "batch", mode, times: 1 });
      const answer = await post(null);
      expect([mode, answer.status, await stored()]).toEqual([mode, 200, WHOLE]);
      const [delivery] = await deliveries();
      expect(delivery?.messageId).toBe(answer.headers.get("X-Message-Id"));
    }
  });

  it("waits for a slow D1", async () => {
    const { d1, post } = await given();
    d1.plan({ on: () => true, mode: { delayMs: 300 } });
    expect([(await post(null)).status, d1.broken()]).toEqual([200, CALLS]);
    expect(await stored()).toEqual(WHOLE);
  });

  it("fails in the look-up of the default sender", async () => {
    // A time at which no other test asked: what it learned is not remembered.
    const { d1, post } = await given({ now: () => Date.UTC(2031, 0, 1) });
    const flat = { email: null, to: "a@example.com", subject: "Hi", text: "Hi" };
    d1.plan({ on: ({ sql }) => sql.includes("default_sender"), mode: "before" });
    await expectUnavailable(await post(null, flat));
    expect(await stored()).toEqual(NOTHING);
  });

  it("logs each failure without the key or an address", async () => {
    const { d1, post, logged } = await given();
    d1.plan({ on: () => true, mode: "before" });
    await expectUnavailable(await post(null));
    expect(logged).toEqual(["request_failed"]);
  });
});

describe("D1 is down (F10)", () => {
  it("answers every send with 503 and Retry-After, and takes the same ones afterwards", async () => {
    const { d1, post } = await given();
    const post10 = () => Promise.all(Array.from({ length: 10 }, (_, n) => post(`down-${n}`)));
    d1.plan({ on: () => true, mode: "before" });
    for (const answer of await post10()) await expectUnavailable(answer);
    expect(await stored()).toEqual(NOTHING);
    d1.plan(null);
    expect((await post10()).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await stored()).toEqual([10, 10, 20]);
  });

  it.each([
    ["GET", "/v1/messages"],
    ["GET", "/v1/messages/01890000-0000-7000-8000-000000000001"],
    ["GET", "/v1/events"],
    ["GET", "/v1/webhooks"],
    ["POST", "/v1/webhooks", { url: "http://127.0.0.1:4444" }],
    ["DELETE", "/v1/webhooks/01890000-0000-7000-8000-000000000001"],
    ["GET", "/v1/keys"],
    ["POST", "/v1/keys", { name: "n", scopes: ["send"] }],
    ["DELETE", "/v1/keys/01890000-0000-7000-8000-000000000001"],
    ["GET", "/v1/relays"],
    ["POST", "/v1/relays", { name: "n", host: "127.0.0.1", port: 2525, tls: "none" }],
    ["DELETE", "/v1/relays/01890000-0000-7000-8000-000000000001"],
  ])("%s %s is answered with 503 too", async (method, path, body?: object) => {
    const { d1, app, secret } = await given();
    d1.plan({ on: () => true, mode: "before" });
    const answer = await ask(app, method, path, {
      key: secret,
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, Number(answer.headers.get("Retry-After")) > 0]).toEqual([503, true]);
    expect(await answer.json()).toMatchObject({ error: { code: "unavailable" } });
  });
});

describe("R2 fails", () => {
  it("answers 503, stores nothing, and takes the same request afterwards", async () => {
    const { app, secret, body } = await given();
    const broken = new Proxy(env.CONTENT, {
      get: () => () => Promise.reject(new Error("R2: injected")),
    });
    const large = { ...body, email: { ...body.email, text: "x".repeat(60_000) } };
    const options = { key: secret, body: large, headers: { "Idempotency-Key": "large" } };
    const refused = await ask({ ...app, blobs: broken }, "POST", "/v1/send-email", options);
    await expectUnavailable(refused);
    expect(await stored()).toEqual(NOTHING);
    expect((await ask(app, "POST", "/v1/send-email", options)).status).toBe(200);
    expect(await stored()).toEqual([1, 0, 2]);
  });

  it("answers 503 and stores no row when it took over a minute: a later message may be counted", async () => {
    const { app, secret, body } = await given();
    let time = Date.now();
    const slow = new Proxy(env.CONTENT, {
      get: (bucket) => async (key: string, content: ReadableStream) => {
        await bucket.put(key, content);
        time += MAX_STORE_MS + 1;
      },
    });
    const large = { ...body, email: { ...body.email, text: "x".repeat(60_000) } };
    const asked = { ...app, blobs: slow, now: () => time };
    await expectUnavailable(
      await ask(asked, "POST", "/v1/send-email", { key: secret, body: large }),
    );
    expect(await stored()).toEqual(NOTHING);
  });

  it("keeps the object of a send that was committed without an answer", async () => {
    const { d1, app, secret, body } = await given();
    const before = (await env.CONTENT.list()).objects.length;
    const large = { ...body, email: { ...body.email, text: "x".repeat(60_000) } };
    d1.plan({ on: ({ kind }) => kind === "batch", mode: "after" });
    await expectUnavailable(await ask(app, "POST", "/v1/send-email", { key: secret, body: large }));
    await app.idle();
    expect(await stored()).toEqual([1, 0, 2]);
    expect((await env.CONTENT.list()).objects.length - before).toBe(1);
  });
});

describe("the database is full", () => {
  it("refuses new mail with 503 before recording what was accepted could fail", async () => {
    const { app, secret, body } = await given();
    const full = { ...app, config: { ...app.config, databaseCapacityBytes: 500_000_001 } };
    // The platform tells the size with every batch; the first one is how the isolate learns of it.
    expect((await ask(full, "POST", "/v1/send-email", { key: secret, body })).status).toBe(200);
    const refused = await ask(full, "POST", "/v1/send-email", { key: secret, body });
    expect(refused.headers.get("Retry-After")).toBe("3600");
    await expectUnavailable(refused);
    expect(await stored()).toEqual(WHOLE);
  });
});

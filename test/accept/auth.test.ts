// Keys at the front door (A-010, A-011; reliability §5.1): which open it, when they stop, what they may
// do, what a wrong one costs, and that no secret ever comes out again.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { kasplo } from "../../src/accept/kasplo/routes.ts";
import { sha256Hex } from "../../src/lib/digest.ts";
import { KEY_FAMILIES, makeKey, type Scope, SCOPES } from "../../src/model/key.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, ownClock, testApp } from "../support/world.ts";

const START = Date.UTC(2026, 10, 21, 10);

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
});

async function expectUnauthorized(answer: Response, secret = "no secret"): Promise<void> {
  expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([401, "Bearer"]);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ statusCode: 1003, status: "FAILED" });
  expect(text).not.toContain(secret);
  expect(await countOf("messages")).toBe(0);
}

function post(headers: Record<string, string>, app = testApp({ log() {} })): Promise<Response> {
  return ask(app, "POST", "/v1/send-email", { body: email(), headers });
}

describe("what opens the door (A-010, A-011)", () => {
  it.each([
    ["no Authorization header", () => ({})],
    ["an empty one", () => ({ Authorization: "" })],
    ["an empty Bearer", () => ({ Authorization: "Bearer " })],
    ["a key that was never made", () => ({ Authorization: `Bearer ${makeKey("kasplo")}` })],
    ["a Basic login", () => ({ Authorization: `Basic ${btoa(`x:${makeKey("kasplo")}`)}` })],
    ["a key without Bearer", () => ({ Authorization: makeKey("kasplo") })],
    ["a text that is no key", () => ({ Authorization: "Bearer test" })],
    ["two keys", () => ({ Authorization: `Bearer ${makeKey("kasplo")} ${makeKey("kasplo")}` })],
  ])("is not %s", async (_name, headers: () => Record<string, string>) => {
    const given = headers();
    const words = (given["Authorization"] ?? "").split(" ").filter((word) => word.length > 10);
    await expectUnauthorized(await post(given), words[0]);
  });

  it("is the key, whatever the case of Bearer", async () => {
    const { secret } = await givenKey();
    expect((await post({ Authorization: `bEARER ${secret}` })).status).toBe(200);
  });

  it.each(KEY_FAMILIES.filter((family) => family !== "kasplo"))(
    "is not a key of the family %s, and finding out reads no database",
    async (family) => {
      const { secret } = await givenKey({}, family);
      const d1 = faultyD1(env.DB);
      const app = testApp({ db: d1.db, log() {} });
      await expectUnauthorized(await post({ Authorization: `Bearer ${secret}` }, app), secret);
      expect(d1.calls()).toEqual([]);
    },
  );

  it("is not a key with a wrong character: 1,000 of them, no database read", async () => {
    const d1 = faultyD1(env.DB);
    const app = testApp({ db: d1.db, log() {} });
    const { secret } = await givenKey();
    const wrong = Array.from({ length: 1_000 }, (_, n) => {
      const at = 8 + (n % (secret.length - 8));
      const other = String.fromCharCode(97 + ((secret.charCodeAt(at) + n) % 26));
      return `${secret.slice(0, at)}${other}${secret.slice(at + 1)}`;
    }).filter((key) => key !== secret);
    expect(wrong.length).toBeGreaterThan(900);
    const statuses = new Set<number>();
    for (const key of wrong)
      statuses.add((await post({ Authorization: `Bearer ${key}` }, app)).status);
    expect([...statuses]).toEqual([401]);
    expect(d1.calls()).toEqual([]);
  });
});

describe("when a key stops", () => {
  it("is at once for one that was revoked before it was used", async () => {
    const { secret } = await givenKey({ revokedAt: null });
    await env.DB.prepare("update keys set revoked_at = 1 where hash = ?1")
      .bind(await sha256Hex(secret))
      .run();
    await expectUnauthorized(await post({ Authorization: `Bearer ${secret}` }), secret);
  });

  it("is within 30 s of its revocation", async () => {
    const clock = ownClock(START);
    const app = testApp({ now: clock.now, log() {} });
    const manager = (await givenKey()).secret;
    const { secret, key } = await givenKey();
    const headers = { Authorization: `Bearer ${secret}` };
    expect((await post(headers, app)).status).toBe(200);
    const revoked = await ask(app, "DELETE", `/v1/keys/${key.id}`, { key: manager });
    expect(revoked.status).toBe(200);
    clock.advance(30_000);
    await emptyLedger();
    await expectUnauthorized(await post(headers, app), secret);
  });

  it("is the moment it expires, remembered or not", async () => {
    const clock = ownClock(START);
    const app = testApp({ now: clock.now, log() {} });
    const { secret } = await givenKey({ expiresAt: START + 1_000 });
    const headers = { Authorization: `Bearer ${secret}` };
    clock.advance(999);
    expect((await post(headers, app)).status).toBe(200);
    clock.advance(1);
    await emptyLedger();
    await expectUnauthorized(await post(headers, app), secret);
  });
});

describe("what a key may do", () => {
  const forKeys = kasplo.endpoints.filter(({ access }) => access === "actors");
  const operations = forKeys.map(({ method, path, scope }) => ({
    method,
    path: `/v1${path.replaceAll(/:[a-z]+/gi, "01890000-0000-7000-8000-000000000001")}`,
    scope,
  }));

  it("is listed for every operation", () => {
    expect(operations.length).toBeGreaterThan(10);
    expect(new Set(operations.map(({ scope }) => scope))).toEqual(new Set(SCOPES));
  });

  it.each(operations)("$method $path needs a key", async ({ method, path }) => {
    const answer = await ask(testApp({ log() {} }), method, path);
    expect(answer.status).toBe(401);
  });

  it.each(operations)("$method $path needs the scope $scope", async ({ method, path, scope }) => {
    const others: Scope[] = SCOPES.filter((one) => one !== scope);
    const { secret } = await givenKey({ scopes: others });
    const d1 = faultyD1(env.DB);
    const answer = await ask(testApp({ db: d1.db, log() {} }), method, path, { key: secret });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain(scope);
    expect([d1.calls().length, d1.rowsWritten()]).toEqual([1, 0]);
  });

  it("answers a send without the scope with 403/1004 and keeps nothing", async () => {
    const { secret } = await givenKey({ scopes: ["read"] });
    const answer = await post({ Authorization: `Bearer ${secret}` });
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { statusCode: 1004, status: "FAILED", message: "this API key lacks the scope send" },
    ]);
    expect(await countOf("messages")).toBe(0);
  });

  it("does not let it make a key that may do more", async () => {
    const { secret } = await givenKey({ scopes: ["manage"] });
    const body = { name: "more", scopes: ["manage", "send"] };
    const answer = await ask(testApp(), "POST", "/v1/keys", { key: secret, body });
    expect(answer.status).toBe(403);
  });

  it.each([
    ["another domain", { domain: "other.test" }, email()],
    [
      "another mail class",
      { mailClass: "marketing" },
      { ...email(), metadata: { mailClass: "transactional" } },
    ],
  ] as const)("is not to send from or as %s", async (_name, change, body) => {
    const { secret } = await givenKey(change);
    const answer = await ask(testApp(), "POST", "/v1/send-email", { key: secret, body });
    expect([answer.status, (await answer.json<{ statusCode: number }>()).statusCode]).toEqual([
      403, 1004,
    ]);
    expect(await countOf("messages")).toBe(0);
  });

  it.each([
    ["unverified", false],
    ["unknown", null],
  ])("is not to send from a domain that is %s (A-012)", async (_name, verified) => {
    const domain = `${crypto.randomUUID()}.test`;
    if (verified !== null) await givenDomain(domain, { verified });
    const { secret } = await givenKey();
    const body = email({ from: `a@${domain}` });
    const answer = await ask(testApp(), "POST", "/v1/send-email", { key: secret, body });
    expect([answer.status, (await answer.json<{ statusCode: number }>()).statusCode]).toEqual([
      403, 1004,
    ]);
    expect(await countOf("messages")).toBe(0);
  });
});

describe("secrets", () => {
  it("stand in no answer, no log line and no table", async () => {
    const logged: string[] = [];
    const d1 = faultyD1(env.DB);
    const app = testApp({ db: d1.db, log: (...line) => void logged.push(JSON.stringify(line)) });
    const { secret, key } = await givenKey();
    const password = `pass-${crypto.randomUUID()}`;
    const relay = {
      name: "r",
      host: "127.0.0.1",
      port: 2525,
      tls: "none",
      username: "u",
      password,
    };
    const answers: Response[] = [];
    const call = async (method: string, path: string, body?: object) => {
      const options = body === undefined ? { key: secret } : { key: secret, body };
      const answer = await ask(app, method, path, options);
      answers.push(answer.clone());
      return answer;
    };
    const made = await ask(app, "POST", "/v1/webhooks", {
      key: secret,
      body: { url: "http://127.0.0.1:4444/hook" },
    });
    const { data: webhook } = await made.json<{ data: { id: string; secret: string } }>();
    expect(webhook.secret).toMatch(/^whsec_/);
    await call("POST", "/v1/relays", relay);
    await call("POST", "/v1/relays", relay);
    await call("GET", "/v1/relays");
    await call("GET", "/v1/webhooks");
    await call("GET", `/v1/webhooks/${webhook.id}`);
    await call("GET", "/v1/keys");
    await call("POST", "/v1/send-email", email());
    await call("POST", "/v1/send-email", email({ subject: secret.length }));
    await call("GET", `/v1/messages/${key.id}`);
    d1.plan({ on: () => true, mode: "before" });
    await call("POST", "/v1/send-email", email());
    await call("GET", "/v1/keys");
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const heads = answers.map((answer) => JSON.stringify([...answer.headers]));
    const everything = [...texts, ...heads, ...logged, await dump()].join("\n");
    expect(logged.length).toBeGreaterThan(0);
    expect(everything).toContain(webhook.id);
    for (const canary of [secret, password, webhook.secret, webhook.secret.slice(6)]) {
      expect(everything.includes(canary)).toBe(false);
    }
  });
});

/** Every row of every table, as text. */
async function dump(): Promise<string> {
  const { results: tables } = await env.DB.prepare(
    "select name from sqlite_schema where type = 'table' and name not like '\\_cf%' escape '\\'",
  ).all<{ name: string }>();
  expect(tables.length).toBeGreaterThan(8);
  const all = await Promise.all(
    tables.map(({ name }) => env.DB.prepare(`select * from "${name}"`).all()),
  );
  return JSON.stringify(all.map(({ results }) => results));
}

// The second factor: enrolment, signing in with it, each code once, recovery codes, turning it off, and who may do
// that for others.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { hashPassword } from "../../../src/lib/password.ts";
import { codeAt, stepAt } from "../../../src/lib/totp.ts";
import { FREE_OF_ACCOUNT } from "../../../src/model/log-in.ts";
import { secretBytes } from "../../../src/model/second-factor.ts";
import { insertSession } from "../../../src/store/session.ts";
import { countOf } from "../../support/ledger.ts";
import { givenPerson, givenSession, type Person } from "../../support/people.ts";
import { ask, ownClock, testApp } from "../../support/world.ts";
import { expectError } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const STEP = 30_000;
const PASSWORD = "correct horse battery";
/** Hashed once: it takes a fifth of a second. */
const HASHED = hashPassword(PASSWORD);
const ME = "/v1/me/second-factor";

let clock = ownClock(START);
let app = testApp({ now: clock.now, log() {} });
let ann: Person;

beforeEach(async () => {
  clock = ownClock(START);
  app = testApp({ now: clock.now, log() {} });
  const tables = ["users", "module_grants", "sessions", "log_in_tries", "audit_log"];
  const all = [...tables, "second_factors", "recovery_codes"];
  await env.DB.batch(all.map((table) => env.DB.prepare(`delete from ${table}`)));
  ann = await givenPerson({ role: "admin", now: clock.now(), password: HASHED });
});

function call(method: string, path: string, body?: unknown, as: Pick<Person, "headers"> = ann) {
  return ask(app, method, path, { headers: as.headers, ...(body === undefined ? {} : { body }) });
}

async function begin(): Promise<string> {
  const answer = await call("POST", ME, { password: PASSWORD });
  expect(answer.status).toBe(201);
  const { data } = await answer.json<{ data: { secret: string; otpauth_url: string } }>();
  expect(new URL(data.otpauth_url).searchParams.get("secret")).toBe(data.secret);
  return data.secret;
}

/** The code that an app shows so many steps from now. */
function code(secret: string, drift = 0): Promise<string> {
  return codeAt(secretBytes(secret), stepAt(clock.now()) + drift);
}

/** Turns it on; a step later, so that codes are good again. */
async function enrol(): Promise<{ secret: string; codes: readonly string[] }> {
  const secret = await begin();
  const answer = await call("PUT", ME, { code: await code(secret) });
  expect(answer.status).toBe(200);
  const { data } = await answer.json<{ data: { recovery_codes: readonly string[] } }>();
  clock.advance(STEP);
  return { secret, codes: data.recovery_codes };
}

function logIn(shown?: string, password = PASSWORD): Promise<Response> {
  const body = { email: ann.email, password, ...(shown === undefined ? {} : { code: shown }) };
  return ask(app, "POST", "/v1/sessions", { body });
}

async function state() {
  return (await (await call("GET", ME)).json<{ data: unknown }>()).data;
}

const WRONG = { status: 401, code: "invalid_credentials" };
const WANTED = { status: 401, code: "second_factor_required" };

describe("turning it on", () => {
  it("takes the password, then a code; only then it counts, and other sessions end", async () => {
    const second = await givenSession(ann.id, clock.now());
    const field = { status: 400, code: "invalid_request", field: "password" };
    await expectError(await call("POST", ME, { password: "wrong horse battery" }), field);
    await expectError(await call("PUT", ME, { code: "123456" }), { status: 409, code: "conflict" });
    const secret = await begin();
    expect(await state()).toEqual({ on: false, recovery_codes: 0 });
    expect((await logIn()).status).toBe(201);
    for (const bad of ["", "12345", "abcd-efgh-ijkl-mnop", await code(secret, 2)]) {
      const refused = await call("PUT", ME, { code: bad });
      await expectError(refused, { status: 400, code: "invalid_request", field: "code" });
    }
    const spaced = (await code(secret)).replace(/(?=...$)/, " ");
    expect((await call("PUT", ME, { code: spaced })).status).toBe(200);
    expect(await state()).toEqual({ on: true, recovery_codes: 10 });
    expect((await call("GET", "/v1/me", undefined, second)).status).toBe(401);
    await expectError(await logIn(), WANTED);
    for (const again of [
      await call("POST", ME, { password: PASSWORD }),
      await call("PUT", ME, { code: await code(secret, 1) }),
    ]) {
      await expectError(again, { status: 409, code: "conflict" });
    }
  });

  it("forgets a secret that was never confirmed for the next one", async () => {
    const first = await begin();
    const second = await begin();
    const old = await call("PUT", ME, { code: await code(first) });
    await expectError(old, { status: 400, code: "invalid_request", field: "code" });
    expect((await call("PUT", ME, { code: await code(second) })).status).toBe(200);
  });

  it("leaves neither the secret nor a code where anybody can read it", async () => {
    const { secret, codes } = await enrol();
    const tables = ["second_factors", "recovery_codes", "audit_log", "users", "sessions"];
    const kept = await Promise.all(
      tables.map(async (table) => (await env.DB.prepare(`select * from ${table}`).all()).results),
    );
    const paths = [ME, "/v1/me", "/v1/users", `/v1/users/${ann.id}`, "/v1/audit"];
    const shown = await Promise.all(paths.map(async (path) => (await call("GET", path)).text()));
    const text = JSON.stringify(kept) + shown.join();
    for (const one of [secret, ...codes, ...codes.map((each) => each.replaceAll("-", ""))]) {
      expect(text).not.toContain(one);
    }
    const { results } = await env.DB.prepare("select distinct body_hash from audit_log").all();
    expect(results).toEqual([{ body_hash: "" }]);
  });

  it("is for people: a key has none", async () => {
    expect((await ask(app, "GET", ME)).status).toBe(401);
  });
});

describe("signing in with it", () => {
  it("takes the code of now, of the step before or after, each once", async () => {
    const { secret } = await enrol();
    await expectError(await logIn("000000"), WRONG);
    const now = await code(secret);
    expect((await logIn(now)).status).toBe(201);
    await expectError(await logIn(now), WRONG);
    // One that is older than the last is as good as used.
    await expectError(await logIn(await code(secret, -1)), WRONG);
    expect((await logIn(await code(secret, 1))).status).toBe(201);
    clock.advance(2 * STEP);
    await expectError(await logIn(await code(secret, 2)), WRONG);
    await expectError(await logIn(await code(secret, -2)), WRONG);
  });

  it("lets one of two in who show the same code at the same time", async () => {
    const { secret } = await enrol();
    const now = await code(secret);
    const answers = await Promise.all([logIn(now), logIn(now), logIn(now)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401, 401]);
  });

  it("does not use the code that was shown when it was turned on", async () => {
    const secret = await begin();
    const first = await code(secret);
    expect((await call("PUT", ME, { code: first })).status).toBe(200);
    await expectError(await logIn(first), WRONG);
  });

  it("asks for a code of who knows the password only, and counts no try for that", async () => {
    const { secret } = await enrol();
    await expectError(await logIn(await code(secret), "wrong horse battery"), WRONG);
    for (let n = 0; n <= FREE_OF_ACCOUNT + 2; n++) await expectError(await logIn(), WANTED);
    expect((await logIn(await code(secret))).status).toBe(201);
  });

  it("is slowed down when codes are wrong", async () => {
    const { secret } = await enrol();
    for (let n = 0; n <= FREE_OF_ACCOUNT; n++) {
      await expectError(await logIn(String(100_000 + n)), WRONG);
    }
    const refused = await logIn(await code(secret));
    await expectError(refused, { status: 429, code: "too_many_attempts" });
  });

  it("takes a recovery code instead, each once, however it is typed", async () => {
    const { codes } = await enrol();
    const [first = "", second = ""] = codes;
    expect((await logIn(first)).status).toBe(201);
    await expectError(await logIn(first), WRONG);
    expect((await logIn(second.toUpperCase().replaceAll("-", " "))).status).toBe(201);
    await expectError(await logIn("aaaa-aaaa-aaaa-aaaa"), WRONG);
    expect(await state()).toEqual({ on: true, recovery_codes: 8 });
  });

  it("takes nobody else's code", async () => {
    const { codes } = await enrol();
    const boss = ann;
    ann = await givenPerson({ role: "admin", now: clock.now(), password: HASHED });
    const other = await enrol();
    expect(other.secret).not.toBe(codes[0]);
    await expectError(await logIn(codes[0]), WRONG);
    ann = boss;
    expect((await logIn(codes[0])).status).toBe(201);
  });

  it("opens nothing for who was asked for no code, while it was turned on", async () => {
    await enrol();
    const session = { hash: "h", id: "s", userId: ann.id, password: HASHED, ip: "", agent: "" };
    const times = { now: START, expiresAt: START + 1 };
    expect(await insertSession(env.DB, { ...session, ...times, factor: false }, [])).toBe(false);
  });

  it("survives another password", async () => {
    const { secret } = await enrol();
    const change = { current: PASSWORD, password: "another horse battery" };
    expect((await call("PUT", "/v1/me/password", change)).status).toBe(200);
    await expectError(await logIn(undefined, change.password), WANTED);
    expect((await logIn(await code(secret), change.password)).status).toBe(201);
  });
});

describe("turning it off", () => {
  it("takes the password, and leaves no recovery code", async () => {
    await enrol();
    const off = (password: string) => call("POST", `${ME}/off`, { password });
    const field = { status: 400, code: "invalid_request", field: "password" };
    await expectError(await off("wrong horse battery"), field);
    expect((await off(PASSWORD)).status).toBe(200);
    expect(await state()).toEqual({ on: false, recovery_codes: 0 });
    expect((await logIn()).status).toBe(201);
    expect(await countOf("recovery_codes")).toBe(0);
  });

  it("is what an admin does for who lost it, and ends their sessions", async () => {
    await enrol();
    const path = `/v1/users/${ann.id}`;
    const admin = await givenPerson({ role: "admin", now: clock.now() });
    const shown = await call("GET", path, undefined, admin);
    expect(await shown.json()).toMatchObject({ data: { second_factor: true } });
    expect((await call("DELETE", `${path}/second-factor`, undefined, admin)).status).toBe(200);
    expect((await call("GET", "/v1/me")).status).toBe(401);
    expect((await logIn()).status).toBe(201);
    const again = await call("DELETE", `${path}/second-factor`, undefined, admin);
    await expectError(again, { status: 404, code: "not_found" });
  });

  it("is nobody's own affair past the password, not even an admin's", async () => {
    await enrol();
    await env.DB.prepare("update users set role = 'admin' where id = ?1").bind(ann.id).run();
    const own = await call("DELETE", `/v1/users/${ann.id}/second-factor`);
    await expectError(own, { status: 403, code: "not_permitted" });
    expect(await state()).toMatchObject({ on: true });
  });

  it("is for nobody below: neither a developer's, nor an admin's for a Super Admin", async () => {
    const path = `/v1/users/${ann.id}/second-factor`;
    const developer = await givenPerson({ role: "developer", now: clock.now() });
    await enrol();
    await env.DB.prepare("update users set role = 'super_admin' where id = ?1").bind(ann.id).run();
    const admin = await givenPerson({ role: "admin", now: clock.now() });
    for (const person of [developer, admin]) {
      const refused = await call("DELETE", path, undefined, person);
      await expectError(refused, { status: 403, code: "not_permitted" });
    }
    expect(await state()).toMatchObject({ on: true });
  });

  it("goes with its user", async () => {
    await enrol();
    const boss = await givenPerson({ role: "super_admin", now: clock.now() });
    await call("DELETE", `/v1/users/${ann.id}`, undefined, boss);
    expect([await countOf("second_factors"), await countOf("recovery_codes")]).toEqual([0, 0]);
  });
});

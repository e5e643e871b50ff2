// Signing in and out, what a session may, and when it ends (decision 20; reliability §5.1: sessions, CSRF, log-in).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { kasplo } from "../../../src/accept/kasplo/routes.ts";
import { sha256Hex } from "../../../src/lib/digest.ts";
import { hashPassword } from "../../../src/lib/password.ts";
import { FREE_OF_ACCOUNT, FREE_OF_ADDRESS } from "../../../src/model/log-in.ts";
import { deedOf, refusalOf, ROLES } from "../../../src/model/permission.ts";
import { ABSOLUTE_MS, IDLE_MS } from "../../../src/model/session.ts";
import { countTry, deleteSessions, insertSession } from "../../../src/store/session.ts";
import { countOf } from "../../support/ledger.ts";
import { ALL_MODULES, givenPerson, givenUser } from "../../support/people.ts";
import { ask, ownClock, testApp } from "../../support/world.ts";
import { DOORS } from "../doors.ts";
import { expectError } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const PASSWORD = "correct horse battery";
/** Hashed once: it takes a fifth of a second. */
const HASHED = hashPassword(PASSWORD);

const clock = ownClock(START);
const app = testApp({ now: clock.now, log() {} });

beforeEach(async () => {
  const people = ["users", "module_grants", "sessions", "log_in_tries", "audit_log"];
  const tables = [...people, "keys", "suppressions"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
});

function logIn(email: string, password: string, headers: Record<string, string> = {}) {
  return ask(app, "POST", "/v1/sessions", { body: { email, password }, headers });
}

function cookieIn(answer: Response): string {
  return (answer.headers.get("Set-Cookie") ?? "").split(";", 1)[0] ?? "";
}

describe("POST /v1/sessions", () => {
  it("answers 201 with who it is and a cookie that opens /v1/me", async () => {
    const { id, email } = await givenUser({ role: "developer", grants: [], password: HASHED });
    const answer = await logIn(` ${email.toUpperCase()} `, PASSWORD);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Set-Cookie")).toMatch(
      /^__Host-edgepost=[0-9A-Za-z]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    const said = await answer.json();
    const me = await ask(app, "GET", "/v1/me", { headers: { Cookie: cookieIn(answer) } });
    expect([me.status, await me.json()]).toEqual([200, said]);
    expect(said).toMatchObject({ data: { user: { id, email, role: "developer" }, modules: [] } });
    expect(said).toHaveProperty("data.permissions.keys", "write");
    expect(said).toHaveProperty("data.scopes", ["send", "read"]);
    expect(said).not.toHaveProperty("data.permissions.messages");
    // Nothing of the token or the password is stored as it is, and no stranger writes into the audit log.
    const stored = JSON.stringify(await env.DB.prepare("select * from sessions").all());
    expect(stored).not.toContain(cookieIn(answer).split("=")[1]);
    expect(await countOf("audit_log")).toBe(0);
  });

  it("says the same of a wrong password, of nobody, and of who is disabled or has no password", async () => {
    const known = await givenUser({ role: "admin", password: HASHED });
    const disabled = await givenUser({ role: "admin", password: HASHED });
    await env.DB.prepare("update users set disabled_at = 1 where id = ?1").bind(disabled.id).run();
    const invited = await givenUser({ role: "admin" });
    const answers = [
      await logIn(known.email, "wrong horse battery"),
      await logIn("nobody@people.test", PASSWORD),
      await logIn(disabled.email, PASSWORD),
      await logIn(invited.email, PASSWORD),
    ];
    const texts = await Promise.all(
      answers.map(async (answer) => {
        const text = await answer.text();
        return [answer.status, answer.headers.get("Set-Cookie"), text.replace(/"request_id.*/, "")];
      }),
    );
    expect(new Set(texts.map((text) => JSON.stringify(text))).size).toBe(1);
    expect(texts[0]?.[0]).toBe(401);
    expect(await countOf("sessions")).toBe(0);
  });

  it("takes as long for nobody as for somebody", async () => {
    const { email } = await givenUser({ role: "admin", password: HASHED });
    async function msOf(address: string): Promise<number> {
      const start = performance.now();
      expect((await logIn(address, "wrong horse battery")).status).toBe(401);
      return performance.now() - start;
    }
    const [somebody, nobody] = [await msOf(email), await msOf("nobody@people.test")];
    // Both are one derivation, whatever else this machine does; without it nobody takes a hundredth.
    expect(nobody).toBeGreaterThan(somebody / 5);
    expect(somebody).toBeGreaterThan(nobody / 5);
  });

  it.each([
    ["email", { password: PASSWORD }],
    ["email", { email: "no address", password: PASSWORD }],
    ["password", { email: "a@people.test" }],
    ["password", { email: "a@people.test", password: "x".repeat(257) }],
  ])("names what is wrong: %s of %o", async (field, body) => {
    const answer = await ask(app, "POST", "/v1/sessions", { body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it("does not look at the right password either where there were too many wrong ones", async () => {
    const { email } = await givenUser({ role: "admin", password: HASHED });
    const account = { hash: await sha256Hex(`account ${email}`), free: FREE_OF_ACCOUNT };
    for (let n = 0; n <= FREE_OF_ACCOUNT; n++) await countTry(env.DB, [account], clock.now());
    const locked = await logIn(email, PASSWORD);
    await expectError(locked, { status: 429, code: "too_many_attempts" });
    expect(locked.headers.get("Retry-After")).toBe("2");
    clock.advance(2_000);
    expect((await logIn(email, PASSWORD)).status).toBe(201);
    // Who was let in was none of those who guess.
    const tries = "select tries from log_in_tries where subject = ?1";
    const after = await env.DB.prepare(tries).bind(account.hash).first<{ tries: number }>();
    expect(after?.tries).toBe(FREE_OF_ACCOUNT + 1);
  });

  it("counts a guess for the network address it comes from, too", async () => {
    const network = { hash: await sha256Hex("address 192.0.2.7"), free: FREE_OF_ADDRESS };
    for (let n = 0; n <= FREE_OF_ADDRESS; n++) await countTry(env.DB, [network], clock.now());
    expect((await logIn("a@people.test", "wrong", from(7))).status).toBe(429);
    expect((await logIn("a@people.test", "wrong", from(8))).status).toBe(401);
  });

  it("opens nothing with a password that was changed while it was judged", async () => {
    const { id } = await givenUser({ role: "admin", password: HASHED });
    const old = { hash: "h", id: "s", userId: id, password: "the one before" };
    const rest = { factor: false, now: START, expiresAt: START + 1, ip: "", agent: "" };
    expect(await insertSession(env.DB, { ...old, ...rest }, [])).toBe(false);
    expect(await countOf("sessions")).toBe(0);
  });

  it("is refused from a page of another origin", async () => {
    const { email } = await givenUser({ role: "admin", password: HASHED });
    const answer = await logIn(email, PASSWORD, { Origin: "https://evil.example" });
    await expectError(answer, { status: 403, code: "not_permitted" });
    expect(await countOf("sessions")).toBe(0);
  });
});

describe("a session", () => {
  it("ends when its user signs out, and takes the cookie away", async () => {
    const { headers } = await givenPerson({ role: "support", now: clock.now() });
    const answer = await ask(app, "DELETE", "/v1/sessions/current", { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Set-Cookie")).toContain("__Host-edgepost=; Max-Age=0;");
    expect((await ask(app, "GET", "/v1/me", { headers })).status).toBe(401);
  });

  it("ends when it is not used, when it is old, and when its user is disabled or gone", async () => {
    const idle = await givenPerson({ role: "support", now: clock.now() });
    clock.advance(IDLE_MS - 1);
    expect((await ask(app, "GET", "/v1/me", { headers: idle.headers })).status).toBe(200);
    await app.idle();
    // The use was written down: it goes on from there.
    clock.advance(IDLE_MS - 1);
    expect((await ask(app, "GET", "/v1/me", { headers: idle.headers })).status).toBe(200);
    await app.idle();
    clock.advance(IDLE_MS);
    expect((await ask(app, "GET", "/v1/me", { headers: idle.headers })).status).toBe(401);

    const old = await givenPerson({ role: "support", now: clock.now() });
    for (let spent = 0; spent < ABSOLUTE_MS; spent += IDLE_MS / 2) {
      expect((await ask(app, "GET", "/v1/me", { headers: old.headers })).status).toBe(200);
      await app.idle();
      clock.advance(IDLE_MS / 2);
    }
    expect((await ask(app, "GET", "/v1/me", { headers: old.headers })).status).toBe(401);

    for (const change of ["update users set disabled_at = 1", "delete from users"]) {
      const { headers } = await givenPerson({ role: "support", now: clock.now() });
      expect((await ask(app, "GET", "/v1/me", { headers })).status).toBe(200);
      await env.DB.prepare(change).run();
      expect((await ask(app, "GET", "/v1/me", { headers })).status).toBe(401);
    }
    expect(await deleteSessions(env.DB, clock.now() + ABSOLUTE_MS, 100)).toBeGreaterThan(0);
    expect(await countOf("sessions")).toBe(0);
  });

  it.each(["", "x", "0".repeat(43), "%00", '"quoted"'])(
    "is none with the token %j",
    async (token) => {
      const headers = { Cookie: `__Host-edgepost=${token}` };
      expect((await ask(app, "GET", "/v1/me", { headers })).status).toBe(401);
    },
  );

  it("is not looked at where a key is shown", async () => {
    const { headers } = await givenPerson({ role: "super_admin", now: clock.now() });
    const answer = await ask(app, "GET", "/v1/messages", { headers, key: "ep_live_wrong" });
    expect(answer.status).toBe(401);
  });

  it("opens no other API", async () => {
    const { headers } = await givenPerson({ role: "super_admin", now: clock.now() });
    for (const { dialect, show, params, write } of DOORS.filter(
      ({ family }) => family !== "kasplo",
    )) {
      expect(dialect.people).not.toBe(true);
      const named = Object.entries((await params?.(app)) ?? {});
      const path = named.reduce(
        (text, [name, value]) => text.replace(`:${name}`, value),
        write.path,
      );
      const body = write.body();
      const answer = await ask(app, write.method, dialect.base + path, { headers, body });
      expect([dialect.name, answer.status]).toEqual([dialect.name, 401]);
      expect(Object.keys(await show(app, "x")).length).toBeGreaterThan(0);
    }
  });

  it.each([
    ["POST", "/v1/keys", { name: "x", scopes: ["send"] }],
    ["POST", "/v1/suppressions", { email: "a@example.com" }],
    ["PATCH", "/v1/account", {}],
    ["DELETE", "/v1/sessions/current", undefined],
  ] as const)("is not used by a foreign page: %s %s (CSRF)", async (method, path, body) => {
    const { headers } = await givenPerson({ role: "super_admin", now: clock.now() });
    for (const foreign of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: "https://evil.example", "Content-Type": "text/plain" },
    ]) {
      const answer = await ask(app, method, path, { headers: { ...headers, ...foreign }, body });
      await expectError(answer, { status: 403, code: "not_permitted" });
    }
    expect([await countOf("keys"), await countOf("suppressions")]).toEqual([0, 0]);
  });
});

const operations = kasplo.endpoints.filter(({ access }) => access === "actors");

describe("what somebody may do (F-026, A-125)", () => {
  it.each(ROLES)("is for %s what the matrix says, at every operation", async (role) => {
    const { headers } = await givenPerson({ role, now: clock.now() });
    const holder = { role, grants: ALL_MODULES };
    for (const endpoint of operations) {
      const path = `/v1${endpoint.path.replaceAll(/:[a-z]+/gi, "01890000-0000-7000-8000-000000000001")}`;
      const refused = refusalOf(holder, deedOf(endpoint)) !== null;
      // What may be done is asked for with a body that nobody takes, so that nothing is done.
      if (!refused && endpoint.method !== "GET") continue;
      const answer = await ask(app, endpoint.method, path, { headers });
      const name = `${role} ${endpoint.method} ${path} ${answer.status}`;
      expect(`${name}: ${answer.status === 403}`).toBe(`${name}: ${refused}`);
      await answer.body?.cancel();
    }
  });

  it("is nothing of a module that was not granted, then what was granted (A-124)", async () => {
    const { id, headers } = await givenPerson({ role: "analyst", grants: [], now: clock.now() });
    const before = await ask(app, "GET", "/v1/messages", { headers });
    await expectError(before, { status: 403, code: "not_permitted" });
    await env.DB.prepare(
      "insert into module_grants values (?1, 'transactional', 'marketing', 0, '')",
    )
      .bind(id)
      .run();
    expect((await ask(app, "GET", "/v1/messages", { headers })).status).toBe(200);
  });

  it("stands in the audit log under their id", async () => {
    const { id, headers } = await givenPerson({ role: "admin", now: clock.now() });
    const made = await ask(app, "POST", "/v1/keys", {
      headers,
      body: { name: "Shop", scopes: ["send"] },
    });
    expect(made.status).toBe(201);
    const { results } = await env.DB.prepare("select key_id, operation from audit_log").all();
    expect(results).toEqual([{ key_id: id, operation: "POST /keys" }]);
    await env.DB.prepare("delete from keys").run();
  });

  it("is not to make a key that may more than they", async () => {
    const { headers } = await givenPerson({ role: "developer", now: clock.now() });
    const body = { name: "more", scopes: ["manage"] };
    const answer = await ask(app, "POST", "/v1/keys", { headers, body });
    await expectError(answer, { status: 403, code: "insufficient_scope" });
  });
});

function from(network: number): Record<string, string> {
  return { "CF-Connecting-IP": `192.0.2.${network}` };
}

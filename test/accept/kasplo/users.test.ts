// /v1/users: who may make, change and remove whom; invitations; modules; and what ends sessions (reliability §5.1).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { hashPassword } from "../../../src/lib/password.ts";
import { INVITATION_MS } from "../../../src/model/invitation.ts";
import { ROLES } from "../../../src/model/permission.ts";
import { countOf } from "../../support/ledger.ts";
import { givenPerson, givenSession, givenUser, type Person } from "../../support/people.ts";
import { ask, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const PASSWORD = "correct horse battery";
/** Hashed once: it takes a fifth of a second. */
const HASHED = hashPassword(PASSWORD);

const clock = ownClock(START);
const app = testApp({ now: clock.now, log() {} });
let boss: Person;

beforeEach(async () => {
  const tables = ["users", "module_grants", "sessions", "log_in_tries", "audit_log"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
  boss = await givenPerson({ role: "super_admin", now: clock.now(), password: HASHED });
});

const madeSchema = z.object({
  data: z.object({ id: z.string(), state: z.string(), invitation_url: z.string() }),
});

async function invite(email = "new@people.test", role = "analyst") {
  const body = { email, name: "New", role };
  const answer = await ask(app, "POST", "/v1/users", { headers: boss.headers, body });
  expect(answer.status).toBe(201);
  const { data } = madeSchema.parse(await answer.json());
  return { ...data, token: tokenIn(data.invitation_url) };
}

function tokenIn(url: string): string {
  return url.split("#/invitation/")[1] ?? "";
}

function accept(token: string, password = PASSWORD) {
  return ask(app, "POST", "/v1/invitations", { body: { token, password } });
}

async function isIn({ headers }: Pick<Person, "headers">): Promise<boolean> {
  const { status } = await ask(app, "GET", "/v1/me", { headers });
  expect([200, 401]).toContain(status);
  return status === 200;
}

describe("an invitation", () => {
  it("lets a user choose a password, once, and sign in with it", async () => {
    const { id, token, state } = await invite(" New@People.test ");
    expect(state).toBe("invited");
    expect(await (await accept(token)).json()).toEqual({ data: { email: "new@people.test" } });
    await expectError(await accept(token), { status: 401, code: "invalid_credentials" });
    const body = { email: "new@people.test", password: PASSWORD };
    expect((await ask(app, "POST", "/v1/sessions", { body })).status).toBe(201);
    const { results } = await env.DB.prepare(
      "select key_id, operation, body_hash from audit_log",
    ).all();
    expect(results).toMatchObject([
      { key_id: boss.id, operation: "POST /users" },
      { key_id: id, operation: "POST /invitations", body_hash: "" },
    ]);
  });

  it("ends after a week, with its user, and while they are disabled", async () => {
    const late = await invite("a@people.test");
    clock.advance(INVITATION_MS);
    expect((await accept(late.token)).status).toBe(401);
    const headers = (await givenSession(boss.id, clock.now())).headers;
    boss = { ...boss, headers };
    const off = await invite("b@people.test");
    await ask(app, "PATCH", `/v1/users/${off.id}`, { headers, body: { disabled: true } });
    expect((await accept(off.token)).status).toBe(401);
    await ask(app, "DELETE", `/v1/users/${off.id}`, { headers });
    expect((await accept(off.token)).status).toBe(401);
  });

  it("is made anew for who forgot their password, and ends their sessions when it is used", async () => {
    const user = await givenPerson({ role: "support", now: clock.now(), password: HASHED });
    const path = `/v1/users/${user.id}/invitation`;
    const answer = await ask(app, "POST", path, { headers: boss.headers });
    const said = z.object({ data: z.object({ invitation_url: z.string() }) });
    const { data } = said.parse(await answer.json());
    expect(await isIn(user)).toBe(true);
    const token = tokenIn(data.invitation_url);
    expect((await accept(token, "another horse battery")).status).toBe(200);
    expect(await isIn(user)).toBe(false);
  });

  it.each([
    ["short", "must have at least 12"],
    ["a".repeat(20), "different characters"],
    ["new@people.test", "must not be the address"],
    ["x".repeat(257), ""],
  ])("does not take the password %s", async (password, words) => {
    const { token } = await invite();
    const answer = await accept(token, password);
    expect(await answer.clone().text()).toContain(words);
    await expectError(answer, { status: 400, code: "invalid_request", field: "password" });
  });

  it.each(["", "x", "0189abcd-0000-7000-8000-000000000001.mabcdefg.".padEnd(89, "A")])(
    "is none: %s",
    async (token) => {
      await expectError(await accept(token), { status: 401, code: "invalid_credentials" });
    },
  );
});

describe("/v1/users", () => {
  it("lists users by pages, shows one, and never a password", async () => {
    for (let n = 0; n < 3; n++) await givenUser({ role: "analyst", password: HASHED });
    const first = await ask(app, "GET", "/v1/users?limit=3", { headers: boss.headers });
    const text = await first.text();
    expect(text).not.toContain("scrypt");
    const listed = z.object({
      data: z.array(z.object({ id: z.string() })),
      next_cursor: z.string().nullable(),
    });
    const { data, next_cursor: cursor } = listed.parse(JSON.parse(text));
    expect(data.length).toBe(3);
    const second = await ask(app, "GET", `/v1/users?limit=3&cursor=${cursor}`, {
      headers: boss.headers,
    });
    const rest = listed.parse(await second.json());
    expect([rest.data.length, rest.next_cursor]).toEqual([1, null]);
    const one = await ask(app, "GET", `/v1/users/${data[1]?.id ?? ""}`, { headers: boss.headers });
    expect((await one.text()).includes("scrypt")).toBe(false);
  });

  it("refuses an address that is somebody's already", async () => {
    await invite("twice@people.test");
    const body = { email: "TWICE@people.test", name: "x", role: "analyst" };
    const answer = await ask(app, "POST", "/v1/users", { headers: boss.headers, body });
    await expectError(answer, { status: 409, code: "conflict" });
  });

  it.each(ROLES.filter((role) => role !== "super_admin"))(
    "lets no %s make, change, invite or delete a Super Admin",
    async (role) => {
      const { headers } = await givenPerson({ role, now: clock.now() });
      const user = `/v1/users/${boss.id}`;
      const up = await givenUser({ role: "analyst" });
      for (const [method, path, body] of [
        ["POST", "/v1/users", { email: "up@people.test", name: "x", role: "super_admin" }],
        ["PATCH", `/v1/users/${up.id}`, { role: "super_admin" }],
        ["PATCH", user, { disabled: true }],
        ["POST", `${user}/invitation`, undefined],
        ["DELETE", user, undefined],
        ["PUT", `/v1/users/${up.id}/modules`, { modules: [] }],
      ] as const) {
        const answer = await ask(app, method, path, { headers, body });
        await expectError(answer, { status: 403, code: "not_permitted" });
      }
      expect(await isIn(boss)).toBe(true);
    },
  );

  it("lets an API key do what an admin may, and no more", async () => {
    const { secret: key } = await givenKey();
    const make = (role: string) =>
      ask(app, "POST", "/v1/users", { key, body: { email: `${role}@k.test`, name: "x", role } });
    expect((await make("admin")).status).toBe(201);
    await expectError(await make("super_admin"), { status: 403, code: "not_permitted" });
    const modules = await ask(app, "PUT", `/v1/users/${boss.id}/modules`, {
      key,
      body: { modules: [] },
    });
    await expectError(modules, { status: 403, code: "not_permitted" });
  });

  it("keeps one Super Admin who can sign in, whatever is asked at once", async () => {
    const path = `/v1/users/${boss.id}`;
    const { headers } = boss;
    for (const [method, body] of [
      ["PATCH", { role: "admin" }],
      ["PATCH", { disabled: true }],
      ["DELETE", undefined],
    ] as const) {
      const answer = await ask(app, method, path, { headers, body });
      await expectError(answer, { status: 409, code: "conflict" });
    }
    expect(await isIn(boss)).toBe(true);
    const other = await givenPerson({ role: "super_admin", now: clock.now() });
    await Promise.all([
      ask(app, "DELETE", `/v1/users/${other.id}`, { headers: boss.headers }),
      ask(app, "DELETE", path, { headers: other.headers }),
    ]);
    expect(await countOf("users")).toBe(1);
  });
});

describe("what ends all sessions of a user", () => {
  const change = (path: string, method: string, body?: object) => async (user: Person) => {
    const answer = await ask(app, method, `/v1/users/${user.id}${path}`, {
      headers: boss.headers,
      body,
    });
    expect(answer.status).toBe(200);
  };

  it.each([
    ["another role", change("", "PATCH", { role: "analyst" }), 0],
    ["being disabled", change("", "PATCH", { disabled: true }), 0],
    ["being deleted", change("", "DELETE"), 0],
    ["a module that is taken away", change("/modules", "PUT", { modules: [] }), 0],
    ["not another name", change("", "PATCH", { name: "Other" }), 2],
    ["not the same role", change("", "PATCH", { role: "developer", disabled: false }), 2],
  ] as const)("is %s", async (_what, act, left) => {
    const user = await givenPerson({ role: "developer", now: clock.now() });
    const second = await givenSession(user.id, clock.now());
    expect([await isIn(user), await isIn(second)]).toEqual([true, true]);
    await act(user);
    const still = [await isIn(user), await isIn(second)].filter(Boolean);
    expect(still.length).toBe(left);
    expect(await isIn(boss)).toBe(true);
  });

  it("is another password, but for the session that chose it", async () => {
    const second = await givenSession(boss.id, clock.now());
    const put = (current: string, password: string) =>
      ask(app, "PUT", "/v1/me/password", {
        headers: boss.headers,
        body: { current, password },
      });
    const wrong = await put("wrong horse battery", "another horse battery");
    await expectError(wrong, { status: 400, code: "invalid_request", field: "current" });
    const weak = await put(PASSWORD, "short");
    await expectError(weak, { status: 400, code: "invalid_request", field: "password" });
    expect(await isIn(second)).toBe(true);
    expect((await put(PASSWORD, "another horse battery")).status).toBe(200);
    expect([await isIn(boss), await isIn(second)]).toEqual([true, false]);
    const { results } = await env.DB.prepare("select distinct body_hash from audit_log").all();
    expect(results).toEqual([{ body_hash: "" }]);
  });
});

describe("the audit log", () => {
  it("tells each change of users, roles, modules and passwords: who, of whom, to what", async () => {
    const { id, token: first } = await invite("new@people.test");
    const user = `/v1/users/${id}`;
    const modules = [
      { module: "transactional", mail_class: "marketing" },
      { module: "deliverability", mail_class: "transactional" },
    ];
    for (const [method, path, body] of [
      ["PATCH", user, { role: "developer", name: "Ann Secret" }],
      ["PUT", `${user}/modules`, { modules }],
      ["PUT", `${user}/modules`, { modules: [] }],
      ["POST", `${user}/invitation`, undefined],
      ["PATCH", user, { disabled: true }],
      ["PATCH", user, { disabled: false }],
      ["PATCH", user, { role: "emperor" }],
      ["PUT", "/v1/me/password", { current: PASSWORD, password: "another horse battery" }],
      ["DELETE", user, undefined],
    ] as const) {
      const answer = await ask(app, method, path, { headers: boss.headers, body });
      if (!path.endsWith("/invitation")) continue;
      const { data } = await answer.json<{ data: { invitation_url: string } }>();
      // Made before they became a developer, the first one opens nothing.
      expect((await accept(first)).status).toBe(401);
      expect((await accept(tokenIn(data.invitation_url))).status).toBe(200);
    }
    const { results } = await env.DB.prepare(
      "select key_id, kind, operation, target, detail from audit_log order by position",
    ).all();
    const by = { key_id: boss.id, kind: "asked", target: `id=${id}`, detail: "" };
    const changed = { ...by, operation: "PATCH /users/:id" };
    const opened = { ...by, operation: "PUT /users/:id/modules" };
    expect(results).toEqual([
      {
        ...by,
        operation: "POST /users",
        target: "",
        detail: expect.stringMatching(/^role=analyst email=sha256:[0-9a-f]{16}$/),
      },
      { ...changed, detail: "role=developer name" },
      { ...opened, detail: "modules=transactional/marketing,deliverability/transactional" },
      { ...opened, detail: "modules=none" },
      { ...by, operation: "POST /users/:id/invitation" },
      { ...by, key_id: id, operation: "POST /invitations", target: "" },
      { ...changed, detail: "disabled=true" },
      { ...changed, detail: "disabled=false" },
      changed,
      { ...changed, kind: "refused", detail: "invalid_field" },
      { ...by, operation: "PUT /me/password", target: "" },
      { ...by, operation: "DELETE /users/:id" },
    ]);
    const stored = JSON.stringify(await env.DB.prepare("select * from audit_log").all());
    expect(stored).not.toContain("Ann");
    expect(stored).not.toContain("new@people.test");
    expect(stored).not.toContain(first);
  });
});

describe("/v1/sessions", () => {
  it("lists one's own and ends one of them, nobody else's", async () => {
    const second = await givenSession(boss.id, clock.now());
    const other = await givenPerson({ role: "support", now: clock.now() });
    const answer = await ask(app, "GET", "/v1/sessions", { headers: boss.headers });
    const { data } = z
      .object({ data: z.array(z.object({ id: z.string(), current: z.boolean() })) })
      .parse(await answer.json());
    expect(new Map(data.map(({ id, current }) => [id, current]))).toEqual(
      new Map([
        [boss.sessionId, true],
        [second.sessionId, false],
      ]),
    );
    const end = (id: string) => ask(app, "DELETE", `/v1/sessions/${id}`, { headers: boss.headers });
    await expectError(await end(other.sessionId), { status: 404, code: "not_found" });
    expect((await end(second.sessionId)).status).toBe(200);
    expect([await isIn(boss), await isIn(second), await isIn(other)]).toEqual([true, false, true]);
  });
});

describe("modules (F-024, A-124)", () => {
  it("are opened by a Super Admin for a user and a mail class, and seen at once", async () => {
    const user = await givenPerson({ role: "analyst", grants: [], now: clock.now() });
    const look = () => ask(app, "GET", "/v1/events", { headers: user.headers });
    await expectError(await look(), { status: 403, code: "not_permitted" });
    const modules = [{ module: "transactional", mail_class: "marketing" }];
    const path = `/v1/users/${user.id}/modules`;
    const granted = await ask(app, "PUT", path, { headers: boss.headers, body: { modules } });
    expect(await granted.json()).toMatchObject({ data: { modules } });
    expect((await look()).status).toBe(200);
    const me = await ask(app, "GET", "/v1/me", { headers: user.headers });
    expect(await me.json()).toMatchObject({ data: { modules, permissions: { events: "read" } } });
    const { results } = await env.DB.prepare("select granted_by from module_grants").all();
    expect(results.at(-1)).toEqual({ granted_by: boss.id });
  });

  it.each([
    ["modules", {}],
    ["modules[0].module", { modules: [{ module: "nothing", mail_class: "marketing" }] }],
    ["modules[0].mail_class", { modules: [{ module: "marketing" }] }],
  ])("name what is wrong: %s", async (field, body) => {
    const path = `/v1/users/${boss.id}/modules`;
    const answer = await ask(app, "PUT", path, { headers: boss.headers, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });
});

// What every answer of the front door has in common, and who is let in where: each operation of the
// dialect against each kind of key, so that a new endpoint is covered by itself.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { handle } from "../../src/accept/http.ts";
import { kasplo } from "../../src/accept/kasplo/routes.ts";
import { sha256Hex } from "../../src/lib/digest.ts";
import type { Scope } from "../../src/model/key.ts";
import { faultyD1 } from "../support/faults.ts";
import { ask, email, givenKey, testApp } from "../support/world.ts";

const ID = "0189abcd-0000-7000-8000-000000000001";

const operations = kasplo.endpoints.map(({ method, path, scope, access, takesBody }) => ({
  method,
  path: `/v1${path.replaceAll(/:[a-z]+/gi, ID)}`,
  scope,
  access,
  takesBody,
}));

/** A body that some operation would take; the others find something missing in it. */
const BODY = {
  name: "new",
  scopes: ["send"],
  url: "http://127.0.0.1:4444/",
  host: "127.0.0.1",
  port: 2525,
  tls: "none",
  event_id: ID,
};

describe("who may do what", () => {
  type Door = {
    readonly who: string;
    readonly secret: () => Promise<string | null>;
    readonly scopes: readonly Scope[];
  };
  const of = async (change: Parameters<typeof givenKey>[0]) => (await givenKey(change)).secret;
  const DOORS: readonly Door[] = [
    { who: "nobody", scopes: [], secret: () => Promise.resolve(null) },
    { who: "a revoked key", scopes: [], secret: revokedKey },
    { who: "an expired key", scopes: [], secret: () => of({ expiresAt: 1_000 }) },
    {
      who: "a kasapost key",
      scopes: [],
      secret: async () => (await givenKey({ domain: "edgepost.test" }, "kasapost")).secret,
    },
    { who: "a key that may only read", scopes: ["read"], secret: () => of({ scopes: ["read"] }) },
    { who: "a key that may only send", scopes: ["send"], secret: () => of({ scopes: ["send"] }) },
    { who: "a key without scopes", scopes: [], secret: () => of({ scopes: [] }) },
  ];

  async function revokedKey(): Promise<string> {
    const { secret } = await givenKey();
    const hash = await sha256Hex(secret);
    await env.DB.prepare("update keys set revoked_at = 1 where hash = ?1").bind(hash).run();
    return secret;
  }

  const cases = DOORS.flatMap((door) =>
    operations
      .filter(({ scope, access }) => access !== "open" && !door.scopes.includes(scope))
      .map((operation) => ({ ...door, ...operation })),
  );

  it.each(cases)(
    "$method $path is closed to $who, and nothing changes",
    async ({ method, path, secret, takesBody, who }) => {
      const key = await secret();
      const d1 = faultyD1(env.DB);
      const touched: string[] = [];
      const touch = (what: string) => () => Promise.resolve(void touched.push(what));
      const app = testApp({
        db: d1.db,
        wake: {
          lane: touch("lane"),
          events: touch("events"),
          endpoint: touch("endpoint"),
          background: touch("background"),
        },
        wakeTail: touch("tail"),
        fetch: () => Promise.reject(new Error("nobody is called")),
        log() {},
      });
      const body = path === "/v1/send-email" ? email() : BODY;
      const answer = await ask(app, method, path, {
        ...(key === null ? {} : { key }),
        ...(takesBody ? { body } : {}),
      });
      await app.idle();
      const forbidden = who.includes("only") || who.includes("without scopes");
      expect(answer.status).toBe(forbidden ? 403 : 401);
      expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
      expect([d1.rowsWritten(), touched]).toEqual([0, []]);
      // The key is looked up, and nothing else.
      expect(d1.calls().length).toBeLessThanOrEqual(1);
    },
  );

  it("only by these operations is anybody let in: they ask for a password, a token or an address", () => {
    const open = operations.filter(({ access }) => access === "open");
    const names = open.map(({ method, path }) => `${method} ${path}`);
    expect(names.toSorted()).toEqual([
      "POST /v1/invitations",
      "POST /v1/sessions",
      "POST /v1/sessions/reset",
    ]);
  });
});

describe("every answer", () => {
  it("has a request id of its own, is not cached, and is JSON unless it is a file", async () => {
    const app = testApp({ log() {} });
    const { secret: key } = await givenKey();
    const ids = new Set<string | null>();
    for (const { method, path } of operations) {
      for (const options of [{}, { key }, { key, body: {} }, { key, body: "{" }]) {
        if ("body" in options && method === "GET") continue;
        const answer = await ask(app, method, path, options);
        ids.add(answer.headers.get("X-Request-Id"));
        expect(answer.headers.get("Cache-Control")).toBe("no-store");
        expect(answer.status).not.toBe(500);
        // With a key the export of the suppressions is a file.
        const file = answer.ok && path.endsWith("/export");
        const type = file ? "text/csv; charset=utf-8" : "application/json";
        expect(answer.headers.get("Content-Type")).toBe(type);
        await (file ? answer.text() : answer.json());
      }
    }
    expect(ids.has(null)).toBe(false);
    expect(ids.size).toBeGreaterThan(operations.length * 3);
  });
});

describe("a path", () => {
  const app = testApp({ log() {} });
  const get = async (path: string) => {
    const { secret: key } = await givenKey();
    return ask(app, "GET", path, { key });
  };

  it.each(["/v1/messages/", "/v1/messages", "/v1/keys/", "/v1/relays"])(
    "may end with a slash or not: %s",
    async (path) => {
      expect((await get(path)).status).toBe(200);
    },
  );

  it.each([
    "/v1x/messages",
    "/V1/messages",
    "/v1/Messages",
    "/v1/messagesx",
    "/v1/messages/a/b",
    "/v1/messages/a/raw/b",
    "/x/v1/messages",
    "/v1/%6dessages",
    "/v1//messages",
  ])("that is another one is not found: %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it("answers in E-01's keys at /v1/send-email only, whatever stands behind it", async () => {
    const shape = async (path: string) => {
      const answer = await ask(app, "POST", path, { body: email() });
      return Object.keys(await answer.json<object>());
    };
    const E01 = ["statusCode", "status", "message"];
    expect(await shape("/v1/send-email")).toEqual(E01);
    expect(await shape("/v1/send-email/")).toEqual(E01);
    expect(await shape("/v1/keys")).toEqual(["error"]);
    expect(await shape("/v1/nothing")).toEqual(["error"]);
  });
});

describe("sign-up (A-123)", () => {
  const NAMES = ["signup", "sign-up", "sign_up", "register", "registration", "join", "users/new"];
  const BASES = ["", "/v1", "/api", "/api/portal", "/portal", "/account", "/auth"];
  // Below /v1/users stand the users that there are, for who may see them; none is called "new".
  const A_USER = "/v1/users/new";
  const paths = BASES.flatMap((base) => NAMES.map((name) => `${base}/${name}`)).filter(
    (path) => path !== A_USER,
  );
  const body = { email: "stranger@example.com", password: "correct horse", role: "super_admin" };

  it.each(["GET", "POST", "PUT"])("is nowhere, with a key or without: %s", async (method) => {
    const d1 = faultyD1(env.DB);
    const app = testApp({ db: d1.db, log() {} });
    const asked = method === "GET" ? {} : { body };
    const { secret: key } = await givenKey();
    for (const path of paths) {
      const answers = [
        await ask(app, method, path, asked),
        await ask(app, method, path, { ...asked, key }),
      ];
      expect([path, ...answers.map(({ status }) => status)]).toEqual([path, 404, 404]);
    }
    expect(d1.calls()).toEqual([]);
  });

  it("is not where a user would stand", async () => {
    const app = testApp({ log() {} });
    const { secret: key } = await givenKey();
    expect((await ask(app, "GET", A_USER)).status).toBe(401);
    expect((await ask(app, "GET", A_USER, { key })).status).toBe(404);
    expect((await ask(app, "POST", A_USER, { body })).status).toBe(405);
    expect((await ask(app, "PUT", A_USER, { body, key })).status).toBe(405);
  });
});

describe("LOCAL_DEV on a deployed Worker", () => {
  it("answers nothing but 503 to what comes through Cloudflare's edge", async () => {
    const { secret } = await givenKey();
    const headers = { Authorization: `Bearer ${secret}`, "CF-Ray": "8a1b-FRA" };
    const request = () => new Request("https://api.edgepost.test/v1/keys", { headers });
    const app = testApp({ log() {} });
    expect((await handle(app, request())).status).toBe(503);
    const deployed = { ...app, config: { ...app.config, localDev: false } };
    expect((await handle(deployed, request())).status).toBe(200);
  });
});

describe("what goes wrong inside", () => {
  it("is a 503 with a log line that names the request, and no reason for the caller", async () => {
    const lines: unknown[] = [];
    const { secret: key } = await givenKey();
    const app = testApp({
      log: (...line) => void lines.push(line),
      db: new Proxy(env.DB, {
        get() {
          throw new Error("canary: a secret place");
        },
      }),
    });
    const answer = await ask(app, "GET", "/v1/keys", { key });
    expect([answer.status, (await answer.text()).includes("canary")]).toEqual([503, false]);
    expect(lines).toEqual([
      [
        "error",
        "request_failed",
        { request: answer.headers.get("X-Request-Id"), reason: "canary: a secret place" },
      ],
    ]);
  });
});

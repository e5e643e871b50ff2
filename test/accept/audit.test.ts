// The audit log at the front door: one entry before every change, a second where it was refused, none for
// sends and reads; no address and no secret in it; every meddling with it shows.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ask, givenDomain, givenKey, testApp, email } from "../support/world.ts";

const app = testApp();
let key = "";

beforeEach(async () => {
  await env.DB.exec("delete from audit_log");
  key = (await givenKey()).secret;
});

const listSchema = z.object({
  data: z.array(
    z.looseObject({
      position: z.number(),
      kind: z.string(),
      operation: z.string(),
      target: z.string(),
      ip: z.string(),
      detail: z.string(),
      request_id: z.string(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

async function entries(query = "?limit=100") {
  return listSchema.parse(await (await ask(app, "GET", `/v1/audit${query}`, { key })).json());
}

const checkSchema = z.object({
  data: z.object({ intact: z.boolean(), first_broken: z.number().nullable(), checked: z.number() }),
});

async function check() {
  return checkSchema.parse(await (await ask(app, "GET", "/v1/audit/check", { key })).json()).data;
}

async function suppress(address: string) {
  return ask(app, "POST", "/v1/suppressions", {
    key,
    body: { email: address },
    headers: { "CF-Connecting-IP": "192.0.2.9" },
  });
}

describe("the audit log", () => {
  it("tells who asked for a change, from where, and nobody's address", async () => {
    const answer = await suppress("ann@audit.test");
    await ask(app, "DELETE", "/v1/suppressions/ann@audit.test", { key, body: { reason: "x" } });
    const { data } = await entries();
    expect(data.map(({ kind, operation }) => [kind, operation])).toEqual([
      ["asked", "DELETE /suppressions/:entry"],
      ["asked", "POST /suppressions"],
    ]);
    expect(data[1]).toMatchObject({
      ip: "192.0.2.9",
      request_id: answer.headers.get("X-Request-Id"),
    });
    expect(data[0]?.target).toMatch(/^entry=sha256:[0-9a-f]{16}$/);
    expect(JSON.stringify(data)).not.toContain("ann@");
  });

  it("tells what was refused, and why", async () => {
    await ask(app, "POST", "/v1/webhooks", { key, body: { url: "http://10.0.0.1/" } });
    const { data } = await entries();
    expect(data.map(({ kind, detail }) => [kind, detail])).toEqual([
      ["refused", "invalid_field"],
      ["asked", ""],
    ]);
  });

  it("holds no secret of a request", async () => {
    const body = {
      name: "r",
      host: "127.0.0.1",
      port: 2525,
      tls: "none",
      username: "u",
      password: "geheim123",
    };
    await ask(app, "POST", "/v1/relays", { key, body });
    expect(JSON.stringify(await entries())).not.toContain("geheim123");
  });

  it("says to what the settings of the account were changed", async () => {
    const body = { retention_days: 90, plan: "growth" };
    await ask(app, "PATCH", "/v1/account", { key, body });
    await ask(app, "PATCH", "/v1/account", { key, body: { plan: "none" } });
    const { data } = await entries();
    expect(data.map(({ detail }) => detail)).toEqual([
      "invalid_field",
      "",
      "retention_days=90 plan=growth",
    ]);
    await env.DB.exec("delete from account");
  });

  it("says nothing of sends and reads", async () => {
    await givenDomain("edgepost.test");
    expect((await ask(app, "POST", "/v1/send-email", { key, body: email() })).status).toBe(200);
    await ask(app, "GET", "/v1/keys", { key });
    expect((await entries()).data).toEqual([]);
  });

  it("makes no change that it could not write down", async () => {
    const deaf = testApp({
      db: new Proxy(env.DB, {
        get(target, name) {
          if (name !== "prepare") return Reflect.get(target, name);
          return (sql: string) => {
            if (sql.includes("insert into audit_log")) throw new Error("D1 is away");
            return target.prepare(sql);
          };
        },
      }),
    });
    const body = { email: "bea@audit.test" };
    const answer = await ask(deaf, "POST", "/v1/suppressions", { key, body });
    expect(answer.status).toBe(503);
    const kept = await env.DB.prepare("select 1 from suppressions where address = ?1")
      .bind(body.email)
      .all();
    expect(kept.results).toEqual([]);
  });

  it("refuses none of fifty that change at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => suppress(`many${n}@audit.test`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await check()).toEqual({ intact: true, first_broken: null, checked: 50 });
  });

  it("keeps its order when many change at once, and pages through it", async () => {
    await Promise.all(Array.from({ length: 5 }, (_, n) => suppress(`p${n}@audit.test`)));
    const first = await entries("?limit=2");
    expect(first.data.map(({ position }) => position)).toEqual([5, 4]);
    const next = await entries(`?limit=100&cursor=${first.next_cursor ?? ""}`);
    expect(next.data.map(({ position }) => position)).toEqual([3, 2, 1]);
    expect(await check()).toEqual({ intact: true, first_broken: null, checked: 5 });
  });

  it("is searched by who asked, what became of it, and the resource", async () => {
    const other = await givenKey();
    await suppress("ann@audit.test");
    const account = { key: other.secret, body: { retention_days: 1 } };
    await ask(app, "PATCH", "/v1/account", account);
    const found = async (query: string) =>
      (await entries(query)).data.map(({ kind, operation }) => `${kind} ${operation}`);
    const [refused, asked] = ["refused PATCH /account", "asked PATCH /account"];
    expect(await found(`?key_id=${other.key.id}`)).toEqual([refused, asked]);
    expect(await found("?kind=refused")).toEqual([refused]);
    expect(await found("?resource=suppressions")).toEqual(["asked POST /suppressions"]);
    expect(await found(`?resource=account&kind=asked&key_id=${other.key.id}`)).toEqual([asked]);
    for (const nothing of ["resource=suppress", "resource=unt", "key_id=nobody"]) {
      expect(await found(`?${nothing}`)).toEqual([]);
    }
    expect((await entries("?resource=account&limit=1")).next_cursor).toBe("3");
    for (const wrong of ["kind=done", "resource=a%25", `key_id=${"x".repeat(101)}`]) {
      expect((await ask(app, "GET", `/v1/audit?${wrong}`, { key })).status).toBe(400);
    }
  });

  it("says where to look on when 5,000 entries held nothing that fits", async () => {
    await env.DB.prepare(
      `insert into audit_log (position, at, kind, key_id, ip, operation, target, body_hash,
         request_id, detail, previous, hash)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 6001)
       select i, 0, 'asked', null, '', case i when 2 then 'POST /keys' else 'POST /lists' end,
         '', '', '', '', '', '' from n`,
    ).run();
    const first = await entries("?resource=keys");
    expect(first).toEqual({ data: [], next_cursor: "1002" });
    const second = await entries(`?resource=keys&cursor=${first.next_cursor ?? ""}`);
    expect(second.data.map(({ position }) => position)).toEqual([2]);
    expect(second.next_cursor).toBeNull();
  });

  it.each([
    ["an entry that was changed", "update audit_log set ip = '198.51.100.1' where position = 2", 2],
    ["an entry that was removed", "delete from audit_log where position = 2", 2],
    ["entries that changed places", "update audit_log set position = 9 where position = 1", 1],
    ["a hash that was made anew", "update audit_log set hash = 'x' where position = 3", 3],
  ])("shows %s", async (_name, sql, broken) => {
    for (let n = 0; n < 4; n++) await suppress(`m${n}@audit.test`);
    await env.DB.exec(sql);
    expect(await check()).toMatchObject({ intact: false, first_broken: broken });
  });
});

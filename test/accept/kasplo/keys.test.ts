// /v1/keys (decisions 2 and 19): a key is shown once, may never do more than its maker, and stops when
// it is revoked. What a key opens is tested in test/accept/auth.test.ts.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "../../../src/lib/digest.ts";
import { familyOf, KEY_FAMILIES, type Key } from "../../../src/model/key.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, email, givenDomain, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError, native, pageOf } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const NOBODY = "0189abcd-0000-7000-8000-000000000001";

let manager = "";
const clock = ownClock(START);
const app = testApp({ now: clock.now, log() {} });
beforeEach(async () => {
  await emptyLedger();
  await env.DB.prepare("delete from keys").run();
  await givenDomain("edgepost.test");
  manager = (await givenKey()).secret;
});

type Shown = Readonly<Record<string, unknown>> & { readonly id: string; readonly key?: string };

const NEW = { name: "  Shop  ", scopes: ["send"] };

function create(body: object, key = manager): Promise<Shown> {
  return native<Shown>(app, key, { method: "POST", path: "/v1/keys", body }, 201);
}

async function countOfKeys(): Promise<number> {
  return (await env.DB.prepare("select id from keys").all()).results.length;
}

describe("POST /v1/keys", () => {
  it("answers the whole key, which works at once", async () => {
    const made = await create(NEW);
    const secret = made.key ?? "";
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "Shop",
      family: "kasplo",
      scopes: ["send"],
      domain: null,
      limits: { per_second: null, burst: null, daily: null },
      mail_class: null,
      hint: `ep_live_…${secret.slice(-4)}`,
      created_at: new Date(START).toISOString(),
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
      previous_until: null,
      key: expect.stringMatching(/^ep_live_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/),
    });
    const sent = await ask(app, "POST", "/v1/send-email", { key: secret, body: email() });
    expect(sent.status).toBe(200);
  });

  it("stores the SHA-256 of the key and nothing else of it", async () => {
    const { id, key = "" } = await create(NEW);
    const row = await env.DB.prepare("select * from keys where id = ?1").bind(id).first();
    expect(row?.["hash"]).toBe(await sha256Hex(key));
    expect(JSON.stringify(row).includes(key.slice(8, 51))).toBe(false);
  });

  it("makes a key of each family, each with its own prefix", async () => {
    for (const family of KEY_FAMILIES) {
      const made = await create({ ...NEW, family, domain: "Shop.Example.COM" });
      expect([familyOf(made.key ?? ""), made["family"]]).toEqual([family, family]);
      expect(made["domain"]).toBe("shop.example.com");
    }
  });

  it("names each scope once", async () => {
    expect((await create({ ...NEW, scopes: ["read", "send", "read"] }))["scopes"]).toEqual([
      "read",
      "send",
    ]);
  });

  it.each([
    ["2026-11-21T10:00:00.001Z", "2026-11-21T10:00:00.001Z"],
    [String(START + 1), "2026-11-21T10:00:00.001Z"],
    ["2027-01-01", "2027-01-01T00:00:00.000Z"],
  ])("takes %s for the end of its life", async (given, shown) => {
    expect((await create({ ...NEW, expires_at: given }))["expires_at"]).toBe(shown);
  });

  it.each([
    ["name", { ...NEW, name: " " }],
    ["name", { ...NEW, name: "x".repeat(101) }],
    ["name", { scopes: ["send"] }],
    ["scopes", { ...NEW, scopes: [] }],
    ["scopes[0]", { ...NEW, scopes: ["admin"] }],
    ["scopes", { ...NEW, scopes: "send" }],
    ["family", { ...NEW, family: "test" }],
    ["domain", { ...NEW, family: "kasapost" }],
    ["domain", { ...NEW, domain: "not a domain" }],
    ["domain", { ...NEW, domain: "" }],
    ["mailClass", { ...NEW, mailClass: "spam" }],
    ["limits", { ...NEW, limits: { per_minute: 5 } }],
    ["limits", { ...NEW, limits: 5 }],
    ["limits.per_second", { ...NEW, limits: { per_second: 0 } }],
    ["limits.burst", { ...NEW, limits: { burst: 1.5 } }],
    ["limits.daily", { ...NEW, limits: { daily: "5" } }],
    ["limits.per_second", { ...NEW, limits: { per_second: 100_001 } }],
    ["limits.burst", { ...NEW, limits: { burst: 1_000_001 } }],
    ["expires_at", { ...NEW, expires_at: new Date(START).toISOString() }],
    ["expires_at", { ...NEW, expires_at: "2020-01-01" }],
    ["expires_at", { ...NEW, expires_at: "soon" }],
  ])("refuses %s in %j and makes none", async (field, body) => {
    const answer = await ask(app, "POST", "/v1/keys", { key: manager, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(await countOfKeys()).toBe(1);
  });

  it("shows the limits it was given, and null for those that the plan alone sets", async () => {
    const some = { per_second: 5, daily: 1_000_000 };
    expect((await create({ ...NEW, limits: some }))["limits"]).toEqual({ ...some, burst: null });
    const none = { per_second: null, burst: null, daily: null };
    expect((await create(NEW))["limits"]).toEqual(none);
    const listed = await native<{ limits: object }[]>(app, manager, { path: "/v1/keys" });
    expect(listed.map(({ limits }) => limits)).toContainEqual({ ...some, burst: null });
  });

  it("takes limits up to the plan's, and says which plan refuses more", async () => {
    await native(app, manager, { method: "PATCH", path: "/v1/account", body: { plan: "starter" } });
    const highest = { per_second: 10, burst: 50, daily: 10_000 };
    expect((await create({ ...NEW, limits: highest }))["limits"]).toEqual(highest);
    for (const [name, value] of Object.entries(highest)) {
      const body = { ...NEW, limits: { [name]: value + 1 } };
      const answer = await ask(app, "POST", "/v1/keys", { key: manager, body });
      const field = `limits.${name}`;
      const message = await expectError(answer, { status: 400, code: "invalid_request", field });
      expect(message).toContain(`at most ${value}, the limit of plan starter`);
    }
  });
});

describe("what a key may hand on", () => {
  const MADE: readonly (readonly [string, Partial<Key>, object, string])[] = [
    ["a scope", { scopes: ["manage"] }, { scopes: ["manage", "send"] }, "insufficient_scope"],
    ["another domain", { domain: "a.test" }, { domain: "b.test" }, "sender_not_allowed"],
    [
      "another mail class",
      { mailClass: "marketing" },
      { mailClass: "transactional" },
      "mail_class_not_allowed",
    ],
  ];

  it("is no higher limit than its own, and its own where it names none", async () => {
    const limits = { perSecond: 5, burst: null, daily: 100 };
    const { secret } = await givenKey({ limits });
    const body = { ...NEW, limits: { daily: 101 } };
    const answer = await ask(app, "POST", "/v1/keys", { key: secret, body });
    const field = "limits.daily";
    expect(await expectError(answer, { status: 400, code: "invalid_request", field })).toContain(
      "at most 100, the limit of your own key",
    );
    const lower = { ...NEW, limits: { daily: 7, burst: 9 } };
    const made = await native(app, secret, { method: "POST", path: "/v1/keys", body: lower }, 201);
    expect(made).toMatchObject({ limits: { per_second: 5, burst: 9, daily: 7 } });
  });

  it.each(MADE)("is not %s that it lacks", async (_name, maker, body, code) => {
    const { secret } = await givenKey(maker);
    const answer = await ask(app, "POST", "/v1/keys", { key: secret, body: { ...NEW, ...body } });
    await expectError(answer, { status: 403, code });
    expect(await countOfKeys()).toBe(2);
  });

  it("is bound to the domain and the class that the maker is bound to", async () => {
    const { secret } = await givenKey({ domain: "a.test", mailClass: "marketing" });
    for (const body of [NEW, { ...NEW, domain: "A.test", mailClass: "marketing" }]) {
      const made = await create(body, secret);
      expect([made["domain"], made["mail_class"]]).toEqual(["a.test", "marketing"]);
    }
  });
});

describe("GET /v1/keys", () => {
  it("lists every key, newest first, without what would open a door", async () => {
    const secrets = [];
    for (const name of ["one", "two", "three"]) {
      clock.advance(1_000);
      secrets.push((await create({ ...NEW, name })).key ?? "none");
    }
    const { data, next_cursor: next } = await pageOf<Shown>(app, manager, "/v1/keys");
    const names = data.map(({ name }) => name).filter((name) => name !== "test");
    expect([data.length, names, next]).toEqual([4, ["three", "two", "one"], null]);
    const text = JSON.stringify(data);
    for (const secret of secrets) {
      expect([text.includes(secret), text.includes(await sha256Hex(secret))]).toEqual([
        false,
        false,
      ]);
    }
    expect(data.every((item) => !("key" in item))).toBe(true);
  });
});

describe("the last use of a key", () => {
  it("is shown, and written down once an hour", async () => {
    const { id, key: secret = "" } = await create({ ...NEW, scopes: ["read"] });
    const used = async () => {
      await app.idle();
      const { data } = await pageOf<Shown>(app, manager, "/v1/keys");
      return data.find((key) => key.id === id)?.["last_used_at"];
    };
    expect(await used()).toBeNull();
    const first = new Date(clock.now()).toISOString();
    await ask(app, "GET", "/v1/messages", { key: secret });
    expect(await used()).toBe(first);
    clock.advance(59 * 60_000);
    await ask(app, "GET", "/v1/messages", { key: secret });
    expect(await used()).toBe(first);
    clock.advance(60_000);
    await ask(app, "GET", "/v1/messages", { key: secret });
    expect(await used()).toBe(new Date(clock.now()).toISOString());
  });
});

describe("POST /v1/keys/:id/rotate", () => {
  const rotate = (id: string, body: object = {}, key = manager) =>
    ask(app, "POST", `/v1/keys/${id}/rotate`, { key, body });
  const rotated = (id: string, body: object = {}) =>
    native<Shown>(app, manager, { method: "POST", path: `/v1/keys/${id}/rotate`, body });
  const look = async (secret = "") =>
    (await ask(app, "GET", "/v1/messages", { key: secret })).status;
  const READER = { ...NEW, scopes: ["read"] };

  it("gives another secret of the same key; the one before works on for a day", async () => {
    const { key: before = "", ...made } = await create(READER);
    const { key: after = "", ...shown } = await rotated(made.id);
    const ends = clock.now() + 86_400_000;
    expect(shown).toEqual({
      ...made,
      hint: `ep_live_…${after.slice(-4)}`,
      previous_until: new Date(ends).toISOString(),
    });
    expect(after).not.toBe(before);
    expect([await look(before), await look(after)]).toEqual([200, 200]);
    clock.advance(86_400_000);
    expect([await look(before), await look(after)]).toEqual([401, 200]);
    const { data } = await pageOf<Shown>(app, manager, "/v1/keys");
    expect(data.filter(({ id }) => id === made.id)).toHaveLength(1);
  });

  it("stops the secret before at once where nothing is to overlap, and both with the key", async () => {
    const { id, key: first = "" } = await create(READER);
    expect(await look(first)).toBe(200);
    const { key: second = "" } = await rotated(id, { overlap_seconds: 0 });
    expect([await look(first), await look(second)]).toEqual([401, 200]);
    const { key: third = "" } = await rotated(id, { overlap_seconds: 60 });
    expect([await look(first), await look(second), await look(third)]).toEqual([401, 200, 200]);
    await native(app, manager, { method: "DELETE", path: `/v1/keys/${id}` });
    expect([await look(second), await look(third)]).toEqual([401, 401]);
    await expectError(await rotate(id), { status: 409, code: "conflict" });
  });

  it("never outlives the key itself", async () => {
    const until = new Date(clock.now() + 3_600_000).toISOString();
    const { id, key: before = "" } = await create({ ...READER, expires_at: until });
    const { key: after = "" } = await rotated(id, { overlap_seconds: 7 * 86_400 });
    clock.advance(3_600_000);
    expect([await look(before), await look(after)]).toEqual([401, 401]);
    await expectError(await rotate(id), { status: 409, code: "conflict" });
  });

  const BEYOND: readonly (readonly [string, Partial<Key>, object, number, string])[] = [
    ["a scope", { scopes: ["manage"] }, {}, 403, "insufficient_scope"],
    ["every domain", { domain: "edgepost.test" }, {}, 403, "sender_not_allowed"],
    ["both mail classes", { mailClass: "marketing" }, {}, 403, "mail_class_not_allowed"],
    [
      "higher limits",
      { limits: { perSecond: null, burst: null, daily: 10 } },
      { limits: { daily: 11 } },
      409,
      "conflict",
    ],
  ];

  it.each(BEYOND)("shows nobody a secret that may %s more than they", async (...one) => {
    const [, asker, body, status, code] = one;
    const { id, key: before = "" } = await create({ ...NEW, ...body });
    const { secret } = await givenKey(asker);
    await expectError(await rotate(id, {}, secret), { status, code });
    const sent = await ask(app, "POST", "/v1/send-email", { key: before, body: email() });
    expect(sent.status).toBe(200);
  });

  it.each([-1, 1.5, 604_801, "a"])("refuses to overlap %j seconds", async (seconds) => {
    const { id } = await create(NEW);
    const field = "overlap_seconds";
    const answer = await rotate(id, { overlap_seconds: seconds });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it.each([NOBODY, "1", "' or 1=1 --"])("answers %s with 404", async (id) => {
    await expectError(await rotate(id), { status: 404, code: "not_found" });
  });
});

describe("DELETE /v1/keys/:id", () => {
  it("revokes a key, and says the same when asked again", async () => {
    const { id } = await create(NEW);
    const call = { method: "DELETE", path: `/v1/keys/${id}` };
    const at = new Date(clock.now()).toISOString();
    expect(await native(app, manager, call)).toEqual({ id, revoked_at: at });
    clock.advance(60_000);
    expect(await native(app, manager, call)).toEqual({ id, revoked_at: at });
    const { data } = await pageOf<Shown>(app, manager, "/v1/keys");
    expect(data.find((item) => item.id === id)?.["revoked_at"]).toBe(at);
  });

  it("stops the key at once in the instance that was asked", async () => {
    const { id, key: secret = "" } = await create({ ...NEW, scopes: ["read"] });
    const look = async () => (await ask(app, "GET", "/v1/messages", { key: secret })).status;
    expect(await look()).toBe(200);
    await native(app, manager, { method: "DELETE", path: `/v1/keys/${id}` });
    expect(await look()).toBe(401);
  });

  it.each([NOBODY, "1", "' or 1=1 --", "%E2%98%83"])("answers %s with 404", async (id) => {
    const answer = await ask(app, "DELETE", `/v1/keys/${id}`, { key: manager });
    await expectError(answer, { status: 404, code: "not_found" });
    const { data } = await pageOf<Shown>(app, manager, "/v1/keys");
    expect(data.map(({ revoked_at: at }) => at)).toEqual([null]);
  });
});

// /v1/suppressions through the front door: add, look up, list, remove, and what sends make of it.
import { beforeEach, describe, expect, it } from "vitest";
import { suppressionExportEndpoints } from "../../../src/accept/kasplo/suppression-export.ts";
import { suppressionUploadEndpoints } from "../../../src/accept/kasplo/suppression-upload.ts";
import { suppressionEndpoints } from "../../../src/accept/kasplo/suppressions.ts";
import { md5Hex } from "../../../src/lib/digest.ts";
import { deliveries, emptyLedger } from "../../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { expectError, native, pageOf, pages, suppress } from "./native.ts";

type Entry = {
  readonly entry: string;
  readonly email?: string;
  readonly domain?: string;
  readonly md5?: string;
  readonly scope: string;
  readonly stops: readonly string[];
  readonly reason: string;
  readonly evidence: { message_id: string; event: string; text: string } | null;
  readonly added_by: string | null;
  readonly created_at: string;
};

const NOW = Date.UTC(2026, 10, 21, 10);

let app: TestApp;
let key = "";
let keyId = "";

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  app = testApp({ now: () => NOW });
  const given = await givenKey();
  key = given.secret;
  keyId = given.key.id;
});

const add = (body: unknown, status = 201) =>
  native<Entry>(app, key, { method: "POST", path: "/v1/suppressions", body }, status);
const remove = (entry: string, body: unknown) =>
  ask(app, "DELETE", `/v1/suppressions/${encodeURIComponent(entry)}`, { key, body });
const look = (entry: string) =>
  native<Entry & { asked: string; entries: readonly Entry[] }>(app, key, {
    path: `/v1/suppressions/${encodeURIComponent(entry)}`,
  });

/** How a send to these addresses is answered: its status and the states of its deliveries. */
async function sent(to: readonly string[], mailClass: string) {
  const body = { ...email({}, to), metadata: { mailClass } };
  const answer = await ask(app, "POST", "/v1/send-email", { key, body });
  const id = answer.headers.get("X-Message-Id");
  const states = (await deliveries()).filter(({ messageId }) => messageId === id);
  return [answer.status, ...states.map(({ state }) => state)];
}

describe("scopes of /v1/suppressions", () => {
  it("are read for reads and manage for everything else", async () => {
    const all = [
      ...suppressionEndpoints,
      ...suppressionUploadEndpoints,
      ...suppressionExportEndpoints,
    ];
    expect(all).toHaveLength(8);
    for (const { method, scope } of all) expect(scope).toBe(method === "GET" ? "read" : "manage");
    const { secret } = await givenKey({ scopes: ["read", "send"] });
    const body = { email: "a@example.com" };
    const answer = await ask(app, "POST", "/v1/suppressions", { key: secret, body });
    await expectError(answer, { status: 403, code: "insufficient_scope" });
  });
});

describe("POST /v1/suppressions", () => {
  it("answers 201 with the entry, and 200 with what stands there the second time", async () => {
    const first = await add({ email: "Ann@Example.com", reason: "asked by phone" });
    expect(first).toEqual({
      entry: "ann@example.com",
      email: "ann@example.com",
      scope: "global",
      stops: ["transactional", "marketing"],
      reason: "asked by phone",
      evidence: null,
      added_by: keyId,
      created_at: "2026-11-21T10:00:00.000Z",
    });
    expect(await add({ email: "ann@example.com", reason: "another" }, 200)).toEqual(first);
    const other = await add({ email: "ann@example.com", scope: "unsubscribe" });
    expect([other.scope, other.stops]).toEqual(["unsubscribe", ["marketing"]]);
  });

  it("takes domains, with or without @, and MD5 in any case", async () => {
    expect(await add({ domain: "Example.org" })).toMatchObject({
      entry: "@example.org",
      domain: "example.org",
    });
    expect(await add({ domain: "@example.org" }, 200)).toMatchObject({ entry: "@example.org" });
    const md5 = md5Hex("bob@example.com");
    expect(await add({ md5: md5.toUpperCase() })).toMatchObject({ entry: `md5:${md5}`, md5 });
  });

  it.each([
    [{}, "email"],
    [{ email: "a@example.com", domain: "example.com" }, "email"],
    [{ email: "nobody" }, "email"],
    [{ email: "@example.com" }, "email"],
    [{ email: "a\u0000@example.com" }, "email"],
    [{ domain: "a@example.com" }, "domain"],
    [{ domain: "localhost" }, "domain"],
    [{ md5: "abc" }, "md5"],
    [{ email: "a@example.com", scope: "all" }, "scope"],
    [{ email: "a@example.com", reason: "two\nlines" }, "reason"],
    [{ email: "a@example.com", reason: "x".repeat(1_001) }, "reason"],
    [{ email: 7 }, "email"],
  ])("refuses %j and names the field", async (body, field) => {
    const answer = await ask(app, "POST", "/v1/suppressions", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
    expect((await pageOf(app, key, "/v1/suppressions")).data).toEqual([]);
  });
});

describe("a send", () => {
  it("is stopped by an address, its domain and its MD5 alike (A-075)", async () => {
    await add({ email: "ann@example.com" });
    await add({ domain: "example.org" });
    await add({ md5: md5Hex("bob@example.com") });
    const to = ["Ann@example.com", "x@example.org", "Bob@Example.com", "x@sub.example.org"];
    expect(await sent(to, "transactional")).toEqual([
      200,
      "suppressed",
      "suppressed",
      "suppressed",
      "queued",
    ]);
    expect(await sent(to.slice(0, 3), "marketing")).toEqual([422]);
  });

  it.each([
    ["global", [422], [422]],
    ["complaint", [422], [422]],
    ["bounce", [422], [422]],
    ["unsubscribe", [200, "queued"], [422]],
    ["transactional", [422], [200, "queued"]],
  ])("obeys the scope %s (A-072, A-073)", async (scope, transactional, marketing) => {
    await add({ email: "ann@example.com", scope });
    expect(await sent(["ann@example.com"], "transactional")).toEqual(transactional);
    expect(await sent(["ann@example.com"], "marketing")).toEqual(marketing);
  });
});

describe("GET /v1/suppressions/:entry", () => {
  it("tells every entry that stops an address, the one that decides first", async () => {
    const md5 = md5Hex("ann@example.com");
    await add({ domain: "example.com", scope: "complaint", reason: "third" });
    await add({ email: "ann@example.com", scope: "unsubscribe", reason: "last" });
    await add({ md5, scope: "complaint", reason: "second" });
    await add({ domain: "example.com", scope: "global", reason: "first" });
    await add({ email: "bob@example.com", reason: "not hers" });
    const found = await look("Ann@Example.com");
    expect(found).toMatchObject({ asked: "ann@example.com", entry: "@example.com" });
    expect(found.entries.map(({ reason }) => reason)).toEqual(["first", "second", "third", "last"]);
    expect((await look("@example.com")).entries).toHaveLength(2);
    expect((await look(md5)).entries).toHaveLength(1);
  });

  it("shows the evidence of an entry that an event made", async () => {
    await suppress("gone@example.com");
    await app.db
      .prepare("update suppressions set message_id = ?1, reason = '550 5.1.1 unknown'")
      .bind("01890000-0000-7000-8000-000000000001")
      .run();
    expect(await look("gone@example.com")).toMatchObject({
      scope: "bounce",
      added_by: null,
      reason: "550 5.1.1 unknown",
      evidence: {
        message_id: "01890000-0000-7000-8000-000000000001",
        event: "bounce_bad_address",
        text: "550 5.1.1 unknown",
      },
    });
  });

  it("reads an address with every character that a path would break", async () => {
    const odd = "a/b+c?d#e%25'=x@example.com";
    await add({ email: odd });
    expect((await look(odd)).email).toBe(odd);
  });

  it("is 404 when nothing stops it, 400 when it is no entry", async () => {
    const at = (entry: string) => ask(app, "GET", `/v1/suppressions/${entry}`, { key });
    await expectError(await at("ann@example.com"), { status: 404, code: "not_found" });
    const wanted = { status: 400, code: "invalid_request", field: "entry" };
    await expectError(await at("nobody"), wanted);
  });
});

describe("GET /v1/suppressions", () => {
  it("gives every entry once, in order, over pages of any size", async () => {
    const people = Array.from({ length: 7 }, (_, n) => `p${n}@example.com`);
    for (const address of people) {
      await add({ email: address, scope: "bounce" });
      await add({ email: address, scope: "global" });
    }
    for (const limit of [1, 3, 14, 100]) {
      const found = await pages<Entry>(app, key, `/v1/suppressions?limit=${limit}`);
      expect(found.flat().map(({ entry, scope }) => `${entry} ${scope}`)).toEqual(
        people.flatMap((address) => [`${address} bounce`, `${address} global`]),
      );
    }
  });

  it("filters by scope and by what an entry begins with", async () => {
    await add({ email: "ann@example.com", scope: "bounce" });
    await add({ email: "anna@example.com" });
    await add({ email: "bob@example.com" });
    await add({ domain: "example.com" });
    const entries = async (query: string) =>
      (await pages<Entry>(app, key, `/v1/suppressions?limit=2${query}`))
        .flat()
        .map(({ entry }) => entry);
    expect(await entries("&query=ANN")).toEqual(["ann@example.com", "anna@example.com"]);
    expect(await entries("&query=ANN&scope=global")).toEqual(["anna@example.com"]);
    expect(await entries("&query=@")).toEqual(["@example.com"]);
    expect(await entries("&scope=bounce")).toEqual(["ann@example.com"]);
    expect(await entries("&query=zzz")).toEqual([]);
  });

  it.each(["scope=all", "limit=0", "cursor=nonsense"])("refuses %s", async (query) => {
    const answer = await ask(app, "GET", `/v1/suppressions?${query}`, { key });
    const field = query.split("=")[0] ?? "";
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });
});

describe("DELETE /v1/suppressions/:entry", () => {
  it("lets mail go there again and keeps who, when and why", async () => {
    await add({ email: "ann@example.com", reason: "by phone" });
    await add({ email: "ann@example.com", scope: "bounce" });
    const answer = await remove("Ann@example.com", { reason: "she came back" });
    expect(answer.status).toBe(200);
    const { data } = await answer.json<{ data: { removed: Entry[]; entries: Entry[] } }>();
    expect(data).toMatchObject({ entry: "ann@example.com", entries: [] });
    expect(data.removed.map(({ scope }) => scope).sort()).toEqual(["bounce", "global"]);
    expect(await sent(["ann@example.com"], "marketing")).toEqual([200, "queued"]);
    const { data: changes } = await pageOf(app, key, "/v1/suppressions/ann@example.com/changes");
    const global = changes.filter((change) => JSON.stringify(change).includes("global"));
    expect(global).toEqual([
      {
        action: "added",
        scope: "global",
        at: "2026-11-21T10:00:00.000Z",
        by: keyId,
        reason: "by phone",
        message_id: null,
      },
      {
        action: "removed",
        scope: "global",
        at: expect.stringMatching(/^2026-11-21T10:00:00\./),
        by: keyId,
        reason: "she came back",
        message_id: null,
      },
    ]);
  });

  it("removes one scope when it is named, and tells what still stops the address", async () => {
    await add({ email: "ann@example.com" });
    await add({ email: "ann@example.com", scope: "complaint" });
    await add({ domain: "example.com" });
    const answer = await remove("ann@example.com", { reason: "x", scope: "global" });
    const { data } = await answer.json<{ data: { removed: Entry[]; entries: Entry[] } }>();
    expect(data.removed.map(({ scope }) => scope)).toEqual(["global"]);
    expect(data.entries.map(({ entry, scope }) => `${entry} ${scope}`)).toEqual([
      "@example.com global",
      "ann@example.com complaint",
    ]);
  });

  it("keeps the whole story of an entry that comes and goes", async () => {
    for (let n = 0; n < 3; n++) {
      await add({ email: "ann@example.com", reason: `in ${n}` });
      await remove("ann@example.com", { reason: `out ${n}` });
    }
    const { data } = await pageOf<{ reason: string }>(
      app,
      key,
      "/v1/suppressions/ann@example.com/changes",
    );
    const story = ["in 0", "out 0", "in 1", "out 1", "in 2", "out 2"];
    expect(data.map(({ reason }) => reason)).toEqual(story);
  });

  it("wants a reason, and an entry that is there", async () => {
    await add({ email: "ann@example.com" });
    for (const reason of [undefined, "", "  "]) {
      const wanted = { status: 400, code: "invalid_request", field: "reason" };
      await expectError(await remove("ann@example.com", { reason }), wanted);
    }
    expect((await look("ann@example.com")).entries).toHaveLength(1);
    const gone = await remove("bob@example.com", { reason: "x" });
    await expectError(gone, { status: 404, code: "not_found" });
    const { data } = await pageOf(app, key, "/v1/suppressions/bob@example.com/changes");
    expect(data).toEqual([]);
  });
});

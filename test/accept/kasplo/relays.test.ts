// /v1/relays: which relays are taken (the guard of lib/public-address.ts, TLS, logins), and that a
// password goes in and never comes out.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../../src/app.ts";
import { open } from "../../../src/lib/seal.ts";
import { consume } from "../../../src/queue/consume.ts";
import { startSmtpPeer } from "../../peers/client.ts";
import { countOf, emptyLedger, states } from "../../support/ledger.ts";
import { ask, email, givenDomain, givenKey, type TestApp, testApp } from "../../support/world.ts";
import { expectError, native, pageOf } from "./native.ts";

let key = "";
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});

/** An app as deployed, with names that resolve to these addresses; or on a developer's machine. */
function appOf({ localDev = false, addresses = ["192.88.98.1"] } = {}): TestApp {
  const { config } = testApp();
  const Answer = addresses.map((data) => ({ type: data.includes(":") ? 28 : 1, data }));
  return testApp({
    config: { ...config, localDev, defaultRelay: null, ownHosts: ["me.example.com"] },
    fetch: () => Promise.resolve(Response.json({ Status: 0, Answer })),
    log() {},
  });
}

type Shown = Readonly<Record<string, unknown>> & { readonly id: string };

const RELAY = { name: "Main", host: "smtp.example.com", port: 587, tls: "starttls" };
const LOCAL = { ...RELAY, host: "127.0.0.1", port: 2525, tls: "none" };

function create(app: App, body: object): Promise<Shown> {
  return native<Shown>(app, key, { method: "POST", path: "/v1/relays", body }, 201);
}

describe("POST /v1/relays", () => {
  it("answers the relay without its password, which is stored encrypted", async () => {
    const app = appOf();
    const password = `geheim-${crypto.randomUUID()}`;
    const answer = await ask(app, "POST", "/v1/relays", {
      key,
      body: { ...RELAY, username: "user", password },
    });
    const text = await answer.text();
    expect([answer.status, text.includes(password)]).toEqual([201, false]);
    const { data }: { data: Shown } = JSON.parse(text);
    expect(data).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ...RELAY,
      username: "user",
      verp: true,
      created_at: expect.any(String),
      state: "usable",
      failures: 0,
      aside_until: null,
      last_failure: null,
      intake: null,
      pools: ["default"],
    });
    const row = await env.DB.prepare("select * from relays").first<{ password: string }>();
    expect(JSON.stringify(row).includes(password)).toBe(false);
    const { encryptionKey } = app.config;
    expect(await open(encryptionKey, `relay:${data.id}`, row?.password ?? "")).toBe(password);
    await expect(open(encryptionKey, "relay:other", row?.password ?? "")).rejects.toThrow();
  });

  it.each([465, 587, 2525])("takes port %i", async (port) => {
    expect((await create(appOf(), { ...RELAY, port }))["port"]).toBe(port);
  });

  it.each([
    ["verp", { ...RELAY, verp: "no" }],
    ["name", { ...RELAY, name: " " }],
    ["name", { ...RELAY, name: "x".repeat(101) }],
    ["host", { ...RELAY, host: "" }],
    ["host", { ...RELAY, host: "smtp.example.com\r\nX" }],
    ["host", { ...RELAY, host: "smtp.example.com/x" }],
    ["host", { ...RELAY, host: "user@smtp.example.com" }],
    ["host", { ...RELAY, host: "bücher.example" }],
    ["port", { ...RELAY, port: 0 }],
    ["port", { ...RELAY, port: 65_536 }],
    ["port", { ...RELAY, port: "587" }],
    ["port", { ...RELAY, port: 587.5 }],
    ["tls", { ...RELAY, tls: "ssl" }],
    ["tls", { ...RELAY, tls: "none" }],
    ["password", { ...RELAY, username: "user" }],
    ["password", { ...RELAY, password: "secret" }],
    ["username", { ...RELAY, username: "", password: "secret" }],
    ["username", { ...RELAY, username: "a\r\nb", password: "secret" }],
    ["password", { ...RELAY, username: "user", password: "a\u0000b" }],
    ["password", { ...RELAY, username: "user", password: "x".repeat(1_001) }],
  ])("refuses %s in %j", async (field, body) => {
    const answer = await ask(appOf(), "POST", "/v1/relays", { key, body });
    const message = await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(message).not.toContain("secret");
    expect(await countOf("relays")).toBe(0);
  });

  it.each([
    ["port 25", { ...RELAY, port: 25 }],
    ["another port", { ...RELAY, port: 8080 }],
    ["loopback", { ...RELAY, host: "127.0.0.1" }],
    ["loopback in another form", { ...RELAY, host: "0x7f.1" }],
    ["loopback of IPv6", { ...RELAY, host: "::1" }],
    ["localhost", { ...RELAY, host: "localhost" }],
    ["a private address", { ...RELAY, host: "10.1.2.3" }],
    ["the metadata address", { ...RELAY, host: "169.254.169.254" }],
    ["a name of one label", { ...RELAY, host: "mailhub" }],
    ["this Worker itself", { ...RELAY, host: "ME.example.com" }],
    ["loopback without TLS", LOCAL],
  ])("refuses %s where it is deployed", async (_name, body) => {
    const answer = await ask(appOf(), "POST", "/v1/relays", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field: "host" });
    expect(await countOf("relays")).toBe(0);
  });

  it.each([["127.0.0.1"], ["192.88.98.1", "10.0.0.1"], ["fd00::1"], []])(
    "refuses a name that leads to %j %s",
    async (...addresses) => {
      const answer = await ask(appOf({ addresses }), "POST", "/v1/relays", { key, body: RELAY });
      await expectError(answer, { status: 400, code: "invalid_request", field: "host" });
    },
  );

  it("takes loopback from port 1024 in local development, without TLS there only", async () => {
    const app = appOf({ localDev: true });
    for (const host of ["127.0.0.1", "127.8.8.8", "localhost", "::1"]) {
      expect(await create(app, { ...LOCAL, name: host, host })).toMatchObject({
        host,
        tls: "none",
      });
    }
    const low = await ask(app, "POST", "/v1/relays", { key, body: { ...LOCAL, port: 25 } });
    await expectError(low, { status: 400, code: "invalid_request", field: "host" });
    const remote = { ...RELAY, tls: "none" };
    const clear = await ask(app, "POST", "/v1/relays", { key, body: remote });
    await expectError(clear, { status: 400, code: "invalid_request", field: "tls" });
    const spoofed = { ...LOCAL, host: "127.0.0.1.example.com", port: 587 };
    const name = await ask(app, "POST", "/v1/relays", { key, body: spoofed });
    await expectError(name, { status: 400, code: "invalid_request", field: "tls" });
  });

  it("refuses a name that another relay has", async () => {
    await create(appOf(), RELAY);
    const answer = await ask(appOf(), "POST", "/v1/relays", { key, body: RELAY });
    await expectError(answer, { status: 400, code: "invalid_request", field: "name" });
    expect(await countOf("relays")).toBe(1);
  });
});

describe("GET and DELETE /v1/relays", () => {
  it("list in the order of use, without passwords, the default relay last", async () => {
    const app = appOf();
    const login = { username: "user", password: "hidden-password" };
    const first = await create(app, { ...RELAY, ...login });
    const second = await create(app, { ...RELAY, name: "Other" });
    await env.DB.prepare(
      "insert into relay_health (relay_id, failures, aside_until, reason) values (?1, 4, 5000, 'x')",
    )
      .bind(first.id)
      .run();
    const defaultRelay = {
      host: "relay.example.com",
      port: 465,
      tls: "implicit",
      username: "me",
      password: "hidden-default",
      allowCleartextAuth: false,
    } as const;
    const all = { ...app, config: { ...app.config, defaultRelay } };
    const { data } = await pageOf<Shown>(all, key, "/v1/relays");
    expect(data.map(({ id }) => id)).toEqual([first.id, second.id, "default"]);
    expect(data[0]).toEqual({
      ...first,
      state: "probing",
      failures: 4,
      aside_until: "1970-01-01T00:00:05.000Z",
      last_failure: "x",
    });
    expect(data[2]).toMatchObject({ host: "relay.example.com", port: 465, username: "me" });
    expect(JSON.stringify(data)).not.toMatch(/hidden|password/);
  });

  it("do not delete the default relay", async () => {
    const answer = await ask(appOf(), "DELETE", "/v1/relays/default", { key });
    await expectError(answer, { status: 409, code: "conflict" });
  });

  it("delete a relay with what is known of its health, once", async () => {
    const app = appOf();
    const { id } = await create(app, RELAY);
    await env.DB.prepare(
      "insert into relay_health (relay_id, failures, aside_until, reason) values (?1, 1, null, 'x')",
    )
      .bind(id)
      .run();
    const call = { method: "DELETE", path: `/v1/relays/${id}` };
    expect(await native(app, key, call)).toEqual({ id, deleted: true });
    expect([await countOf("relays"), await countOf("relay_health")]).toEqual([0, 0]);
    const again = await ask(app, call.method, call.path, { key });
    await expectError(again, { status: 404, code: "not_found" });
    expect((await pageOf(app, key, "/v1/relays")).data).toEqual([]);
  });
});

describe("a relay that was added", () => {
  it("carries mail with its login, in clear only to loopback in local development", async () => {
    const credentials = { username: "user", password: "pä ss\"'\\" };
    const peer = await startSmtpPeer({ auth: ["PLAIN"], credentials });
    const app = appOf({ localDev: true });
    await create(app, { ...LOCAL, host: peer.host, port: peer.port, ...credentials });
    await ask(app, "POST", "/v1/send-email", { key, body: email() });
    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    await peer.stop();
    expect([messages.length, await states()]).toEqual([1, { delivered: 1 }]);
  });
});

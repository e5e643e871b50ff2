// /v1/smtp-credentials: shown once, stored as a hash, bound as their maker is (F-002).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { emptyLedger } from "../../support/ledger.ts";
import { gatewayApp, handOver, logIn, PLAIN } from "../../support/raw.ts";
import { ask, givenDomain, givenKey } from "../../support/world.ts";
import { expectError, native, pageOf } from "./native.ts";

type Credential = Record<string, unknown> & { id: string; username: string; password: string };

const app = gatewayApp({ log() {} });
let key = "";
beforeEach(async () => {
  await emptyLedger();
  await env.DB.prepare("delete from smtp_credentials").run();
  await givenDomain("edgepost.test");
  await givenDomain("unverified.test", { verified: false });
  key = (await givenKey()).secret;
});

const make = (body: Record<string, unknown>, maker = key) =>
  ask(app, "POST", "/v1/smtp-credentials", { key: maker, body });

async function made(body: Record<string, unknown> = {}): Promise<Credential> {
  const call = { method: "POST", path: "/v1/smtp-credentials" };
  return native(
    app,
    key,
    { ...call, body: { name: "shop", domain: "edgepost.test", ...body } },
    201,
  );
}

describe("an SMTP credential", () => {
  it("is made with a user name in address form and a password that is shown once", async () => {
    const { id, username, password, created_at, ...rest } = await made();
    expect(username).toBe(`${id}@edgepost.test`);
    expect(password).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(rest).toEqual({
      name: "shop",
      domain: "edgepost.test",
      sender_domain: null,
      mail_class: null,
      require_tls: false,
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
    });
    const listed = await ask(app, "GET", "/v1/smtp-credentials", { key });
    const text = await listed.text();
    expect(text).not.toContain(password);
    expect(JSON.parse(text)).toEqual({
      data: [{ id, username, created_at, ...rest }],
      next_cursor: null,
    });
    const { results } = await env.DB.prepare("select * from smtp_credentials").all();
    expect(JSON.stringify(results)).not.toContain(password);
  });

  it("logs in and sends until it is revoked", async () => {
    const { id, username, password } = await made({ mailClass: "marketing", require_tls: true });
    const login = { username, password };
    expect((await logIn(app, login)).status).toBe(200);
    expect((await logIn(app, { ...login, tls: false })).status).toBe(403);
    expect((await handOver(app, id, PLAIN)).status).toBe(200);
    await app.idle();
    const [listed] = (await pageOf<Credential>(app, key, "/v1/smtp-credentials")).data;
    expect(listed).toMatchObject({ mail_class: "marketing", require_tls: true });
    expect(listed?.["last_used_at"]).toMatch(/^\d{4}-/);
    const path = `/v1/smtp-credentials/${id}`;
    const gone = await native<{ revoked_at: string }>(app, key, { method: "DELETE", path });
    expect((await logIn(app, login)).status).toBe(401);
    expect(await native(app, key, { method: "DELETE", path })).toEqual(gone);
  });

  it("stops when it expires", async () => {
    const soon = Date.now() + 3_600_000;
    const { expires_at: at } = await made({ expires_at: new Date(soon).toISOString() });
    expect(at).toBe(new Date(soon).toISOString());
    const past = { name: "x", domain: "edgepost.test", expires_at: "2020-01-01" };
    const wanted = { status: 400, code: "invalid_request", field: "expires_at" };
    await expectError(await make(past), wanted);
  });

  it.each([
    ["no name", { domain: "edgepost.test" }, "name"],
    ["an empty name", { name: " ", domain: "edgepost.test" }, "name"],
    ["no domain", { name: "x" }, "domain"],
    ["a domain that is none", { name: "x", domain: "a b" }, "domain"],
    [
      "a sender domain that is none",
      { name: "x", domain: "a.test", sender_domain: "@" },
      "sender_domain",
    ],
    ["an unknown class", { name: "x", domain: "a.test", mailClass: "x" }, "mailClass"],
    ["require_tls as a text", { name: "x", domain: "a.test", require_tls: "yes" }, "require_tls"],
  ])("with %s is refused", async (_name, body, field) => {
    await expectError(await make(body), { status: 400, code: "invalid_request", field });
  });

  it("is bound to a verified domain, or to none", async () => {
    const bound = await made({ sender_domain: "EDGEPOST.test", domain: "any.example" });
    expect(bound).toMatchObject({ domain: "any.example", sender_domain: "edgepost.test" });
    for (const domain of ["unverified.test", "unknown.test"]) {
      const answer = await make({ name: "x", domain: "a.test", sender_domain: domain });
      await expectError(answer, { status: 403, code: "sender_not_allowed" });
    }
  });

  it("has the bounds of the key that makes it", async () => {
    const body = { name: "x", domain: "edgepost.test" };
    const bound = await givenKey({ domain: "edgepost.test", mailClass: "marketing" });
    const answer = await make(body, bound.secret);
    const { data } = await answer.json<{ data: Credential }>();
    expect(data).toMatchObject({ sender_domain: "edgepost.test", mail_class: "marketing" });
    const other = await make({ ...body, sender_domain: "other.test" }, bound.secret);
    await expectError(other, { status: 403, code: "sender_not_allowed" });
    const mixed = await make({ ...body, mailClass: "transactional" }, bound.secret);
    await expectError(mixed, { status: 403, code: "mail_class_not_allowed" });
    const manager = await givenKey({ scopes: ["manage", "read"] });
    const refused = await make(body, manager.secret);
    await expectError(refused, { status: 403, code: "insufficient_scope" });
    const sender = await givenKey({ scopes: ["send", "read"] });
    await expectError(await make(body, sender.secret), { status: 403, code: "insufficient_scope" });
  });

  it("is not made by a key whose limits would not bind it", async () => {
    const { secret } = await givenKey({ limits: { perSecond: null, burst: null, daily: 10 } });
    const answer = await make({ name: "x", domain: "edgepost.test" }, secret);
    await expectError(answer, { status: 409, code: "conflict" });
  });

  it("that does not exist cannot be revoked", async () => {
    const answer = await ask(app, "DELETE", "/v1/smtp-credentials/x", { key });
    await expectError(answer, { status: 404, code: "not_found" });
  });
});

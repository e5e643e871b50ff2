// /v1/relays/:id/intake: what each vendor needs, that a secret goes in and never comes out, and that an
// intake lives and dies with its relay.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../../src/app.ts";
import { open } from "../../../src/lib/seal.ts";
import { VENDORS } from "../../../src/model/intake.ts";
import { sendGridKeys } from "../../inbound/intake/signed.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { appWithRelay, ask, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError, native, pageOf } from "./native.ts";

const ARN = "arn:aws:sns:us-east-1:123456789012:bounces";
const SECRET = "correct-horse-battery";
const PATH = "/v1/relays/default/intake";
const SPARKPOST = { vendor: "sparkpost", secret: SECRET };

let key = "";
let app: App;
const clock = ownClock(Date.UTC(2026, 10, 21));
beforeEach(async () => {
  await emptyLedger();
  key = (await givenKey()).secret;
  app = appWithRelay({ host: "127.0.0.1", port: 2525 }, { now: clock.now });
});

type Shown = Readonly<Record<string, unknown>>;
const put = (body: unknown, path = PATH) => ask(app, "PUT", path, { key, body });

describe("PUT /v1/relays/:id/intake", () => {
  it("answers the intake with its URL, without the secret, which is stored encrypted", async () => {
    const answer = await put(SPARKPOST);
    const text = await answer.text();
    expect([answer.status, text.includes(SECRET)]).toEqual([200, false]);
    const { data }: { data: Shown } = JSON.parse(text);
    expect(data).toEqual({
      relay_id: "default",
      vendor: "sparkpost",
      url: "/intake/default",
      created_at: "2026-11-21T00:00:00.000Z",
      updated_at: "2026-11-21T00:00:00.000Z",
    });
    const row = await env.DB.prepare("select * from intakes").first<{ proof: string }>();
    expect(JSON.stringify(row).includes(SECRET)).toBe(false);
    const { encryptionKey } = app.config;
    expect(await open(encryptionKey, "intake:default", row?.proof ?? "")).toBe(SECRET);
    await expect(open(encryptionKey, "intake:x", row?.proof ?? "")).rejects.toThrow();
    expect(await native(app, key, { path: PATH })).toEqual(data);
  });

  it("shows what is no secret, and the whole URL where it is known", async () => {
    app = { ...app, config: { ...app.config, publicUrl: "https://mail.example.com" } };
    const ses = { vendor: "ses", topic_arn: ARN };
    const shown = await native<Shown>(app, key, { method: "PUT", path: PATH, body: ses });
    expect(shown).toMatchObject({ ...ses, url: "https://mail.example.com/intake/default" });
    const { publicKey } = await sendGridKeys();
    const sendgrid = { vendor: "sendgrid", public_key: publicKey };
    expect(await native(app, key, { method: "PUT", path: PATH, body: sendgrid })).toMatchObject(
      sendgrid,
    );
  });

  it("replaces what was set, and keeps since when", async () => {
    const first = await native<Shown>(app, key, { method: "PUT", path: PATH, body: SPARKPOST });
    clock.advance(1_000);
    const body = { vendor: "ses", topic_arn: ARN };
    const second = await native<Shown>(app, key, { method: "PUT", path: PATH, body });
    expect([second["created_at"], second["updated_at"]]).toEqual([
      first["created_at"],
      new Date(clock.now()).toISOString(),
    ]);
    expect(await countOf("intakes")).toBe(1);
  });

  it.each([
    ["vendor", {}],
    ["vendor", { vendor: "brevo", secret: SECRET }],
    ["secret", { vendor: "mailgun" }],
    ["secret", { vendor: "postmark", secret: "too-short" }],
    ["secret", { vendor: "postmark", secret: "x".repeat(201) }],
    ["secret", { vendor: "postmark", secret: "with a space in it" }],
    ["secret", { vendor: "postmark", secret: "line\r\nbreak-line-break" }],
    ["secret", { vendor: "ses", topic_arn: ARN, secret: SECRET }],
    ["topic_arn", { vendor: "sparkpost", secret: SECRET, topic_arn: ARN }],
    ["topic_arn", { vendor: "ses" }],
    ["topic_arn", { vendor: "ses", topic_arn: "bounces" }],
    ["topic_arn", { vendor: "ses", topic_arn: `${ARN}.fifo` }],
    ["topic_arn", { vendor: "ses", topic_arn: "arn:aws-cn:sns:cn-north-1:123456789012:x" }],
    ["topic_arn", { vendor: "ses", topic_arn: "arn:aws:sqs:us-east-1:123456789012:x" }],
    ["public_key", { vendor: "sendgrid" }],
    ["public_key", { vendor: "sendgrid", public_key: "AAAA" }],
    ["public_key", { vendor: "sendgrid", public_key: "x".repeat(401) }],
  ])("refuses a wrong %s: %j", async (field, body) => {
    const answer = await put(body);
    const message = await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(message.includes(SECRET)).toBe(false);
    expect(await countOf("intakes")).toBe(0);
  });

  it("names every vendor in its refusal", async () => {
    const message = await expectError(await put({ vendor: "x" }), {
      status: 400,
      code: "invalid_request",
      field: "vendor",
    });
    for (const vendor of VENDORS) expect(message).toContain(vendor);
  });

  it("knows no relay that does not exist, nor the default one without RELAY_URL", async () => {
    const missing = { status: 404, code: "not_found" };
    await expectError(await put(SPARKPOST, "/v1/relays/other/intake"), missing);
    app = testApp();
    await expectError(await put(SPARKPOST), missing);
    expect(await countOf("intakes")).toBe(0);
  });

  it("needs the scope manage", async () => {
    key = (await givenKey({ scopes: ["read", "send"] })).secret;
    await expectError(await put(SPARKPOST), { status: 403, code: "insufficient_scope" });
    const gone = await ask(app, "DELETE", PATH, { key });
    await expectError(gone, { status: 403, code: "insufficient_scope" });
  });
});

describe("an intake", () => {
  it("is removed, once", async () => {
    await put(SPARKPOST);
    const gone = await native(app, key, { method: "DELETE", path: PATH });
    expect(gone).toEqual({ relay_id: "default", deleted: true });
    for (const method of ["DELETE", "GET"]) {
      await expectError(await ask(app, method, PATH, { key }), { status: 404, code: "not_found" });
    }
  });

  it("is named where the relays are listed, and goes with its relay", async () => {
    const body = { name: "Local", host: "127.0.0.1", port: 2525, tls: "none" };
    const { id } = await native<{ id: string }>(
      app,
      key,
      { method: "POST", path: "/v1/relays", body },
      201,
    );
    const path = `/v1/relays/${id}/intake`;
    expect((await put({ vendor: "mailgun", secret: SECRET }, path)).status).toBe(200);
    const { data } = await pageOf<Shown>(app, key, "/v1/relays");
    expect(data.map((relay) => [relay["id"], relay["intake"]])).toEqual([
      [id, "mailgun"],
      ["default", null],
    ]);
    await native(app, key, { method: "DELETE", path: `/v1/relays/${id}` });
    expect(await countOf("intakes")).toBe(0);
  });
});

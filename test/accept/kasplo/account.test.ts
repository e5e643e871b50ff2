// /v1/account: how long things are kept, within which bounds, and who may say so.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { faultyD1 } from "../../support/faults.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../../support/world.ts";
import { expectError, native } from "./native.ts";

const app = testApp();
let key = "";

beforeEach(async () => {
  await emptyLedger();
  key = (await givenKey()).secret;
});

function change(body: unknown) {
  return native(app, key, { method: "PATCH", path: "/v1/account", body });
}

/** What holds of soft bounces until it is changed. */
const SOFT = { soft_bounce_count: 3, soft_bounce_days: 3 };

describe("/v1/account", () => {
  it("says when soft bounces make an address bad, and changes that alone", async () => {
    expect(await change({ soft_bounce_count: 0 })).toMatchObject({
      retention_days: 60,
      content_retention_days: 7,
      soft_bounce_count: 0,
      soft_bounce_days: 3,
    });
    const changed = await change({ soft_bounce_count: 5, soft_bounce_days: 0 });
    expect(changed).toMatchObject({ soft_bounce_count: 5, soft_bounce_days: 0 });
  });

  it("says 60 and 7 days until they are changed, and reading it writes nothing", async () => {
    const d1 = faultyD1(env.DB);
    const seen = await native(testApp({ db: d1.db }), key, { path: "/v1/account" });
    expect(seen).toMatchObject({ retention_days: 60, content_retention_days: 7, ...SOFT });
    expect(d1.rowsWritten()).toBe(0);
  });

  it("changes one setting and leaves the other", async () => {
    expect(await change({ retention_days: 730 })).toMatchObject({
      retention_days: 730,
      content_retention_days: 7,
      ...SOFT,
    });
    expect(await change({ content_retention_days: 730 })).toMatchObject({
      retention_days: 730,
      content_retention_days: 730,
      ...SOFT,
    });
    expect(await change({ retention_days: 7, content_retention_days: 1 })).toMatchObject({
      retention_days: 7,
      content_retention_days: 1,
      ...SOFT,
    });
    const now = { retention_days: 7, content_retention_days: 1, ...SOFT };
    expect(await change({})).toMatchObject(now);
    expect(await native(app, key, { path: "/v1/account" })).toMatchObject(now);
  });

  it.each([
    [{ retention_days: 6 }, "retention_days"],
    [{ retention_days: 731 }, "retention_days"],
    [{ retention_days: 30.5 }, "retention_days"],
    [{ retention_days: "60" }, "retention_days"],
    [{ retention_days: null }, "retention_days"],
    [{ content_retention_days: 0 }, "content_retention_days"],
    [{ content_retention_days: 61 }, "content_retention_days"],
    [{ retention_days: 30, content_retention_days: 31 }, "content_retention_days"],
    [{ soft_bounce_count: -1 }, "soft_bounce_count"],
    [{ soft_bounce_count: 101 }, "soft_bounce_count"],
    [{ soft_bounce_days: 1.5 }, "soft_bounce_days"],
    [{ soft_bounce_days: 61 }, "soft_bounce_days"],
    [{ plan: "platinum" }, "plan"],
    [{ plan: null }, "plan"],
  ])("refuses %j and changes nothing", async (body, field) => {
    const answer = await ask(app, "PATCH", "/v1/account", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(await native(app, key, { path: "/v1/account" })).toMatchObject({
      retention_days: 60,
      content_retention_days: 7,
      ...SOFT,
      plan: "local",
    });
  });

  it("is read with scope read and changed with scope manage only", async () => {
    const { secret: reader } = await givenKey({ scopes: ["read"] });
    expect((await ask(app, "GET", "/v1/account", { key: reader })).status).toBe(200);
    const body = { retention_days: 90 };
    const refused = await ask(app, "PATCH", "/v1/account", { key: reader, body });
    await expectError(refused, { status: 403, code: "insufficient_scope" });
    const { secret: sender } = await givenKey({ scopes: ["send"] });
    expect((await ask(app, "GET", "/v1/account", { key: sender })).status).toBe(403);
  });
});

describe("the plan", () => {
  const deployed = { ...app, config: { ...app.config, localDev: false } };

  it("is local on the own machine and enterprise elsewhere until somebody chooses", async () => {
    const call = { path: "/v1/account" };
    expect(await native(app, key, call)).toMatchObject({ plan: "local" });
    expect(await native(deployed, key, call)).toEqual({
      sid: expect.stringMatching(/^[0-9a-f]{16}$/),
      org_id: expect.stringMatching(/^\d{1,10}$/),
      retention_days: 60,
      content_retention_days: 7,
      ...SOFT,
      plan: "enterprise",
      limits: {
        attachment_bytes: 26_214_400,
        recipients: 1_000,
        per_second: 1_000,
        burst: 5_000,
        daily: null,
      },
      default_sender: null,
      smtp: null,
    });
  });

  it("says who mail without a sender is from", async () => {
    await givenDomain("default.test", { defaultSender: "hello@default.test" });
    const told = await native(app, key, { path: "/v1/account" });
    expect(told).toMatchObject({ default_sender: { address: "hello@default.test", name: "" } });
    await env.DB.prepare("delete from sender_domains where domain = 'default.test'").run();
  });

  it("says where mail programs sign in, where the deployment knows it", async () => {
    const smtpGateway = { host: "smtp.example.com", port: 587, tls: "starttls" } as const;
    const told = testApp({ config: { ...app.config, smtpGateway } });
    expect(await native(told, key, { path: "/v1/account" })).toMatchObject({ smtp: smtpGateway });
  });

  it("is changed without the retention, and the retention without the plan", async () => {
    const starter = {
      plan: "starter",
      limits: {
        attachment_bytes: 5_242_880,
        recipients: 50,
        per_second: 10,
        burst: 50,
        daily: 10_000,
      },
    };
    expect(await change({ plan: "starter" })).toMatchObject({ retention_days: 60, ...starter });
    expect(await change({ retention_days: 90 })).toMatchObject({ retention_days: 90, ...starter });
    expect(await change({ plan: "growth" })).toMatchObject({ retention_days: 90, plan: "growth" });
  });

  it("is never local on a deployed Worker", async () => {
    const answer = await ask(deployed, "PATCH", "/v1/account", { key, body: { plan: "local" } });
    await expectError(answer, { status: 400, code: "invalid_request", field: "plan" });
    expect(await change({ plan: "local" })).toMatchObject({ plan: "local" });
  });

  it("holds for the next send of this isolate", async () => {
    await givenDomain("edgepost.test");
    const many = email(
      {},
      Array.from({ length: 51 }, (_, n) => `reader${n}@example.com`),
    );
    const send = () => ask(app, "POST", "/v1/send-email", { key, body: many });
    expect((await send()).status).toBe(200);
    await change({ plan: "starter" });
    const refused = await send();
    expect(await refused.json()).toEqual({
      statusCode: 1002,
      status: "FAILED",
      message: "email.recipients.to: must be at most 50 recipients together (plan starter)",
    });
    await change({ plan: "growth" });
    expect((await send()).status).toBe(200);
  });
});

// /v1/account: how long things are kept, within which bounds, and who may say so.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { faultyD1 } from "../../support/faults.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp } from "../../support/world.ts";
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
    expect(await change({ soft_bounce_count: 0 })).toEqual({
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
    expect(seen).toEqual({ retention_days: 60, content_retention_days: 7, ...SOFT });
    expect(d1.rowsWritten()).toBe(0);
  });

  it("changes one setting and leaves the other", async () => {
    expect(await change({ retention_days: 730 })).toEqual({
      retention_days: 730,
      content_retention_days: 7,
      ...SOFT,
    });
    expect(await change({ content_retention_days: 730 })).toEqual({
      retention_days: 730,
      content_retention_days: 730,
      ...SOFT,
    });
    expect(await change({ retention_days: 7, content_retention_days: 1 })).toEqual({
      retention_days: 7,
      content_retention_days: 1,
      ...SOFT,
    });
    const now = { retention_days: 7, content_retention_days: 1, ...SOFT };
    expect(await change({})).toEqual(now);
    expect(await native(app, key, { path: "/v1/account" })).toEqual(now);
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
  ])("refuses %j and changes nothing", async (body, field) => {
    const answer = await ask(app, "PATCH", "/v1/account", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(await native(app, key, { path: "/v1/account" })).toEqual({
      retention_days: 60,
      content_retention_days: 7,
      ...SOFT,
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

// Who may open the live feed, and how it is asked for.
import { beforeAll, describe, it } from "vitest";
import { ask, givenKey, testApp } from "../../support/world.ts";
import { expectError } from "./native.ts";

const app = testApp({ log() {} });
const PATH = "/v1/activity/live";
const WAYS = [{ Upgrade: "websocket" }, { Accept: "text/event-stream" }];

let key = "";
beforeAll(async () => {
  key = (await givenKey()).secret;
});

describe("GET /v1/activity/live", () => {
  it.each(WAYS)("needs a key with the scope read: %o", async (headers) => {
    const unknown = await ask(app, "GET", PATH, { headers });
    await expectError(unknown, { status: 401, code: "unauthorized" });
    const { secret } = await givenKey({ scopes: ["send", "manage"] });
    const scope = await ask(app, "GET", PATH, { key: secret, headers });
    await expectError(scope, { status: 403, code: "insufficient_scope" });
    const other = await givenKey({}, "audience");
    const family = await ask(app, "GET", PATH, { key: other.secret, headers });
    await expectError(family, { status: 401, code: "unauthorized" });
  });

  it.each([
    ["Accept", "", {}],
    ["Accept", "", { Accept: "application/json" }],
    ["Last-Event-ID", "", { ...WAYS[1], "Last-Event-ID": "yesterday" }],
    ["cursor", "?cursor=x", WAYS[0]],
    ["event", "?event=opened", WAYS[0]],
    ["event", "?event=", WAYS[0]],
    ["mail_class", "?mail_class=bulk", WAYS[1]],
    ["status", "?status=failed", WAYS[1]],
    ["state", "?state=cancelled", WAYS[0]],
    ["domain", "?domain=a@example.com", WAYS[0]],
    ["recipient", `?recipient=${"a".repeat(321)}`, WAYS[0]],
    ["tag", `?tag=${"a".repeat(301)}`, WAYS[0]],
    ["message_id", `?message_id=${"a".repeat(65)}`, WAYS[0]],
  ])("names what is wrong: %s in %s %o", async (field, query, headers) => {
    const answer = await ask(app, "GET", PATH + query, { key, headers: { ...headers } });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });
});

// What strangers send to the Mailing Lists API (reliability §5.2): every answer is in its envelope, nothing is a
// 5xx, and what is accepted is data and nothing more.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { orgIdOf } from "../../../src/model/account-id.ts";
import { revokeKey } from "../../../src/store/key.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { basic, type Client, type Envelope, mailingListsClient } from "./client.ts";

let app: TestApp;
let client: Client;
beforeEach(async () => {
  await emptyLedger();
  app = testApp({ log() {} });
  client = await mailingListsClient(app);
});

const TEXTS = [
  "'; drop table lists; --",
  '" or ""="',
  "1;SELECT pg_sleep(9)",
  "<script>alert(1)</script>",
  "{{constructor.constructor('return 1')()}}",
  "${7*7} #{7*7} <%= 7*7 %>",
  "=cmd|' /C calc'!A0",
  "../../../etc/passwd",
  "%00%0d%0aX: y",
  "null",
  "NaN",
  "__proto__",
  "constructor",
  "ÅÍÎÏ˝ÓÔ ÒÚÆ☃",
  "田中さんにあげて下さい",
  "👾 🙇 💁",
  "‪‪test‪",
  "ﷺ",
  "\u0000",
  "a\r\nSubject: b",
  "\ud800",
  " ",
  "x".repeat(300),
];

/** Places that take a text. */
const PLACES: readonly (readonly [string, (text: string) => unknown])[] = [
  ["name", (text) => ({ name: text })],
  ["d_from_name", (text) => ({ name: "x", d_from_name: text })],
  ["d_from_email", (text) => ({ name: "x", d_from_email: `${text}@example.com` })],
  ["custom_headers", (text) => ({ name: "x", custom_headers: `X-A: ${text}` })],
  ["d_seed_list_names", (text) => ({ name: "x", d_seed_list_names: [text] })],
  ["preview", (text) => ({ name: "x", preview_custom_field_data: { [text]: text } })],
  [
    "analytics",
    (text) => ({
      name: "x",
      google_analytics: { enabled: true, tracking_id: "G-A", source: text },
    }),
  ],
];

describe("texts of strangers", () => {
  it.each(PLACES)("in %s are kept as they are, or refused", async (_place, bodyOf) => {
    let kept = 0;
    for (const text of TEXTS) {
      const answer = await client.ask("POST", "/mailing_lists", { mailing_list: bodyOf(text) });
      const json: Envelope = await answer.json();
      expect([200, 422]).toContain(answer.status);
      expect(json.success).toBe(answer.status === 200);
      if (answer.status === 200) kept++;
    }
    expect(await countOf("lists")).toBe(kept);
  });

  it("come back as they were sent", async () => {
    for (const text of TEXTS.slice(0, 17)) {
      const made = await client.data("POST", "/mailing_lists", { name: text, d_from_name: text });
      expect([made["name"], made["d_from_name"]]).toEqual([text, text]);
    }
    expect(await client.data<readonly unknown[]>("GET", "/mailing_lists")).toHaveLength(17);
  });

  it.each(TEXTS)("name no subscriber and open no list: %j", async (text) => {
    await client.data("POST", "/mailing_lists", { name: "News" });
    const id = await env.DB.prepare("select id from lists").first<number>("id");
    const name = encodeURIComponent(text.toWellFormed());
    for (const path of [`${id}/subscribers/${name}`, `${name}/subscribers`]) {
      const answer = await client.ask("GET", `/mailing_lists/${path}`);
      expect(answer.status).toBe(404);
    }
    const removal = await client.ask("DELETE", `/mailing_lists/${id}/confirmed/${name}`);
    expect([404, 422]).toContain(removal.status);
    expect(await client.data<readonly unknown[]>("GET", "/mailing_lists")).toHaveLength(1);
  });
});

describe("requests of strangers", () => {
  it("with keys that mean nothing leave those alone (R3), ids included", async () => {
    const body = { id: 7, list_id: "x", status: "deleted", created_at: 1, __proto__: { a: 1 } };
    const made = await client.data("POST", "/mailing_lists", { ...body, name: "News", other: {} });
    expect(made["id"]).not.toBe(7);
    expect(await client.data("GET", "/mailing_lists")).toEqual([made]);
  });

  it("with a revoked key are refused", async () => {
    const { secret, key } = await givenKey({}, "mailing_lists");
    await revokeKey(env.DB, key.id, 1);
    const headers = basic(await orgIdOf(app.config.encryptionKey), secret);
    const answer = await ask(app, "GET", "/ga/api/v2/mailing_lists", { headers });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ error_code: "not_authorized", data: null }),
    ]);
  });

  it.each<readonly [string, string | Record<string, unknown>, number]>([
    ["nothing", "", 400],
    ["null", "null", 400],
    ["a list", "[]", 400],
    ["a text", '"x"', 400],
    ["half of an object", '{"mailing_list":', 400],
    ["a list in the wrapper", '{"mailing_list":[]}', 400],
    ["deep JSON", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, 400],
    ["many keys", Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])), 422],
    [
      "many values",
      {
        name: "x",
        preview_custom_field_data: Object.fromEntries(
          Array.from({ length: 501 }, (_, n) => [`k${n}`, n]),
        ),
      },
      422,
    ],
  ])("with %s as a body are refused in the envelope", async (_what, body, status) => {
    const answer = await client.ask("POST", "/mailing_lists", body);
    const json: Envelope = await answer.json();
    expect([answer.status, json.success, json.data]).toEqual([status, false, null]);
    expect(typeof json.error_message).toBe("string");
    expect(await countOf("lists")).toBe(0);
  });

  it("with another content type, or a body over the limit, are refused", async () => {
    const { secret } = await givenKey({}, "mailing_lists");
    const login = basic(await orgIdOf(app.config.encryptionKey), secret);
    const send = (headers: Record<string, string>) =>
      ask(app, "POST", "/ga/api/v2/mailing_lists", {
        body: "name=x",
        headers: { ...login, ...headers },
      });
    expect((await send({ "Content-Type": "application/x-www-form-urlencoded" })).status).toBe(415);
    const large = { "Content-Type": "application/json", "Content-Length": "99999999" };
    expect((await send(large)).status).toBe(413);
  });
});

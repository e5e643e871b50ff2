// Lists of the Mailing Lists API as its document has them (E-08…E-10, E-14; A-102…A-113): examples byte for
// byte, what is refused, and one list in every API.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { orgIdOf } from "../../../src/model/account-id.ts";
import { insertField } from "../../../src/store/custom-field.ts";
import { newHexId } from "../../../src/model/list.ts";
import document from "../../seeds/mailing-lists.json";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { basic, type Client, mailingListsClient } from "./client.ts";

let app: TestApp;
let client: Client;
beforeEach(async () => {
  await emptyLedger();
  app = testApp({ log() {} });
  client = await mailingListsClient(app);
});

const run = (sql: string) => env.DB.prepare(sql).run();

async function given(change: Record<string, unknown> = {}): Promise<number> {
  const body = { mailing_list: { name: "News", ...change } };
  return Number((await client.data("POST", "/mailing_lists", body))["id"]);
}

/** What the complex example refers to, under its numbers. */
async function references(): Promise<void> {
  await env.DB.batch(
    [
      `insert or replace into sender_domains (domain, verified, created_at, tracking_host, tracking_ready, bounce_domain)
       values ('example.com', 1, 0, 'example.com', 1, 'example.com')`,
      "insert into seed_lists (id, name, addresses, created_at) values (14, 'Monitor', '[]', 0)",
      `insert into list_numbers (id, kind, name) values (1, 'url_domain', 'example.com'),
       (5312, 'bounce_user', 'return'), (60212, 'bounce_domain', 'example.com'),
       (17, 'virtual_mta', 'smtp1')`,
      `insert or replace into relays (id, name, host, port, tls, created_at)
       values ('smtp1', 'smtp1', 'smtp1.example.com', 587, 'starttls', 0)`,
    ].map((sql) => env.DB.prepare(sql)),
  );
}

describe("the documented examples", () => {
  it("E-09: a new list has every default (A-104)", async () => {
    await run(
      "insert into lists (id, list_id, name, status, created_at, updated_at) values (148, 'x', 'x', 'deleted', 0, 0)",
    );
    const answer = await client.ask("POST", "/mailing_lists", {
      mailing_list: { name: "My Mailing List" },
    });
    expect(await answer.text()).toBe(JSON.stringify(document.create));
    expect(answer.status).toBe(200);
  });

  it("E-08: a basic list and one with everything (A-102)", async () => {
    await references();
    await run(
      "insert into lists (id, list_id, name, status, created_at, updated_at) values (144, 'x', 'x', 'deleted', 0, 0)",
    );
    const [plain, complex] = document.list.data;
    for (const shown of [plain, complex]) {
      const { id: _, d_seed_lists: seeds = [], ...settings } = shown ?? {};
      const body = { ...settings, d_seed_list_ids: seeds.map(({ id }) => id) };
      await client.data("POST", "/mailing_lists", { mailing_list: body });
    }
    const answer = await client.ask("GET", "/mailing_lists");
    expect(await answer.text()).toBe(JSON.stringify(document.list));
  });

  it("E-10: an update changes what it names alone (A-111, C-33)", async () => {
    await run(
      "insert into lists (id, list_id, name, status, created_at, updated_at) values (149, 'x', 'x', 'deleted', 0, 0)",
    );
    const { id, name: _, d_seed_lists: _seeds, ...settings } = document.update.data;
    expect(await given(settings)).toBe(id);
    const answer = await client.ask("PUT", "/mailing_lists/150", {
      mailing_list: { name: "My renamed mailing list" },
    });
    expect(await answer.text()).toBe(JSON.stringify(document.update));
    const unwrapped = await client.data("PUT", "/mailing_lists/150", { d_speed: 7 });
    expect(unwrapped).toEqual({ ...document.update.data, d_speed: 7 });
  });
});

describe("who may ask (A-103)", () => {
  it("is nobody without the number of this deployment and a key of this family", async () => {
    const { secret } = await givenKey({}, "mailing_lists");
    const org = await orgIdOf(app.config.encryptionKey);
    const foreign = (await givenKey()).secret;
    const wrong: readonly Readonly<Record<string, string>>[] = [
      {},
      { Authorization: `Bearer ${secret}` },
      { Authorization: "Basic %%%" },
      { Authorization: `Basic ${btoa(secret)}` },
      basic(org, foreign),
      basic(org, `${secret}x`),
      basic("1", secret),
      basic("", secret),
    ];
    for (const headers of wrong) {
      const answer = await ask(app, "GET", "/ga/api/v2/mailing_lists", { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Basic /);
      expect(await answer.json()).toMatchObject({
        success: false,
        data: null,
        error_code: "not_authorized",
      });
    }
    const right = { headers: basic(org, secret) };
    expect((await ask(app, "GET", "/ga/api/v2/mailing_lists", right)).status).toBe(200);
    expect(org).toMatch(/^[1-9]\d*$/);
  });

  it("is nobody who lacks the scope", async () => {
    const { secret } = await givenKey({ scopes: ["read"] }, "mailing_lists");
    const headers = basic(await orgIdOf(app.config.encryptionKey), secret);
    const body = { mailing_list: { name: "x" } };
    const answer = await ask(app, "POST", "/ga/api/v2/mailing_lists", { headers, body });
    expect([answer.status, await answer.json()]).toEqual([
      403,
      expect.objectContaining({ error_code: "not_authorized" }),
    ]);
  });
});

describe("paths and bodies", () => {
  it.each([
    ["GET", "/ga/api/mailing_lists"],
    ["POST", "/ga/api/mailing_lists/7/subscribers"],
    ["GET", "/ga/api/v1/mailing_lists"],
    ["GET", "/ga/api/v2/nothing"],
  ])("%s %s names nothing (E-14)", async (method, path) => {
    const answer = await ask(app, method, path);
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ success: false, data: null, error_code: "not_found" }),
    ]);
  });

  it("know their methods, and JSON", async () => {
    const wrong = await client.ask("DELETE", "/mailing_lists");
    expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET, POST"]);
    expect(await client.refusal(400, "POST", "/mailing_lists", "{")).toMatch(/^invalid_request/);
    expect(await client.refusal(400, "POST", "/mailing_lists", "[]")).toMatch(/must be an object/);
  });

  it.each(["0", "9999", "abc", "-1", "1e3", "%27%20or%201=1"])(
    "know no list %s (A-111)",
    async (id) => {
      const path = `/mailing_lists/${id}`;
      expect(await client.refusal(404, "PUT", path, { name: "x" })).toMatch(/^not_found/);
    },
  );
});

const WINNER = {
  d_autowinner_enabled: true,
  d_autowinner_percentage: 10,
  d_autowinner_delay_amount: 15,
  d_autowinner_metric: "opens_unique",
};
const ANALYTICS = { enabled: true, tracking_id: "G-ABC", source: "newsletter" };

describe("what is refused", () => {
  it.each<readonly [Record<string, unknown>, RegExp]>([
    [{ name: undefined }, /^name cannot be blank$/],
    [{ name: " " }, /^name cannot be blank$/],
    [{ name: 7 }, /^name cannot be blank$/],
    [{ name: "x".repeat(256) }, /^name must be at most 255/],
    [{ name: "a\nb" }, /^name must not have control/],
    [{ d_from_email: "nobody" }, /^d_from_email must be an address/],
    [{ d_from_name: "a\r\nBcc: b@x.test" }, /^d_from_name must be one line/],
    [{ d_reply_to: 7 }, /^d_reply_to must be text/],
    [{ d_virtual_mta: "nothing" }, /^d_virtual_mta must be the name/],
    [{ d_url_domain: "nothing.test" }, /^d_url_domain must be the tracking host/],
    [{ d_bounce_email: "b@nothing.test" }, /^d_bounce_email must be at the return/],
    [{ d_speed: -1 }, /^d_speed must be at least 0/],
    [{ d_speed: 1.5 }, /^d_speed must be a whole number/],
    [{ d_seed_list_ids: [1], d_seed_list_names: ["a"] }, /^d_seed_list_ids cannot stand/],
    [{ d_seed_list_ids: [7] }, /^d_seed_list_ids must be seed lists: 7/],
    [{ d_seed_list_names: ["None"] }, /^d_seed_list_names must be names/],
    [{ database_connection_id: 1 }, /^database_connection_id may only/],
    [{ database_connection_name: "x" }, /^database_connection_name may only/],
    [
      { database_connection_id: 1, database_connection_name: "x" },
      /^database_connection_id cannot/,
    ],
    [{ is_remote_list: true }, /^is_remote_list must be false/],
    [{ custom_headers_enabled: true, custom_headers: "" }, /^custom_headers must be set/],
    [{ custom_headers: "Subject: x" }, /^custom_headers must name headers/],
    [{ ...WINNER, d_autowinner_metric: "foo" }, /^d_autowinner_metric must be one of/],
    [{ ...WINNER, d_autowinner_delay_unit: "weeks" }, /^d_autowinner_delay_unit must be one of/],
    [{ ...WINNER, d_autowinner_percentage: null }, /^d_autowinner_percentage must be set/],
    [{ google_analytics: { enabled: true, source: "x" } }, /^google_analytics.tracking_id/],
    [{ google_analytics: { ...ANALYTICS, source: undefined } }, /^google_analytics.source/],
    [
      { google_analytics: { ...ANALYTICS, restrict_to_domain_list: true, domain_list: [] } },
      /^google_analytics.domain_list/,
    ],
    [{ google_analytics: "yes" }, /^google_analytics must be an object/],
    [{ preview_custom_field_data: { Nothing: 1 } }, /^preview_custom_field_data must name/],
    [{ primary_key_custom_field_id: 9 }, /^primary_key_custom_field_id must be a required/],
    [{ has_format: "yes" }, /^has_format must be true or false/],
  ])("is a list with %j", async (change, message) => {
    const body = { mailing_list: { name: "News", ...change } };
    const refusal = await client.refusal(422, "POST", "/mailing_lists", body);
    expect(refusal).toMatch(/^validation_failed: /);
    expect(refusal.slice("validation_failed: ".length)).toMatch(message);
    expect(await client.data("GET", "/mailing_lists")).toEqual([]);
  });

  it.each([94.85000000000001, "1.234", 0, 101, "abc"])(
    "is a percentage of %j, and the list stays as it was (A-106)",
    async (percentage) => {
      const id = await given({ d_autowinner_percentage: "25.0" });
      const body = { mailing_list: { name: "x", d_autowinner_percentage: percentage } };
      const refusal = await client.refusal(422, "PUT", `/mailing_lists/${id}`, body);
      expect(refusal).toMatch(/^validation_failed: d_autowinner_percentage/);
      expect(await client.data("GET", "/mailing_lists")).toMatchObject([
        { name: "News", d_autowinner_percentage: "25.0" },
      ]);
    },
  );
});

describe("settings", () => {
  it("go back to what they were, key by key", async () => {
    const id = await given({
      ...WINNER,
      d_speed: 100,
      google_analytics: ANALYTICS,
      custom_headers_enabled: true,
      custom_headers: "X-Foo: bar\n",
    });
    const path = `/mailing_lists/${id}`;
    const put = (change: unknown) => client.data("PUT", path, { mailing_list: change });
    expect(await put({ google_analytics: { source: "other" } })).toMatchObject({
      google_analytics: { enabled: true, tracking_id: "G-ABC", source: "other" },
    });
    const back = await put({
      name: "My Mailing List",
      d_autowinner_enabled: false,
      d_autowinner_percentage: null,
      d_autowinner_delay_amount: null,
      d_autowinner_metric: null,
      d_speed: null,
      google_analytics: { enabled: false },
      custom_headers_enabled: false,
      custom_headers: "",
    });
    expect(back).toEqual({ ...document.create.data, id });
    const kept = env.DB.prepare("select settings from lists where id = ?1").bind(id);
    expect(await kept.first("settings")).toBe("{}");
  });

  it("preview values are merged, in the long form (A-112)", async () => {
    const field = { defaultValue: "", extras: {}, required: false, createdAt: 0, listId: null };
    const text = {
      ...field,
      customId: newHexId(),
      name: "City",
      type: "text",
      options: [],
    } as const;
    const colours = ["Red", "Green", "Blue"];
    const many = { ...field, customId: newHexId(), name: "Colours", options: colours } as const;
    await insertField(env.DB, text);
    await insertField(env.DB, { ...many, type: "select_multiple_checkboxes" });
    const id = await given({ preview_custom_field_data: { City: "Bob Example" } });
    const put = async (values: unknown) =>
      (await client.data("PUT", `/mailing_lists/${id}`, { preview_custom_field_data: values }))[
        "preview_custom_field_data"
      ];
    const long = { name: "Colours", type: "select_multiple_checkboxes", value: ["Red", "Blue"] };
    expect(await put({ colours: long })).toEqual({
      City: { name: "City", type: "text", value: "Bob Example" },
      Colours: long,
    });
    expect(await put({ City: null })).toEqual({ Colours: long });
  });

  it("a primary key is a required field, while nobody is on the list", async () => {
    const field = { defaultValue: "", extras: {}, createdAt: 0, listId: null, options: [] };
    const number = { ...field, customId: newHexId(), name: "Member", type: "number" } as const;
    const key = await insertField(env.DB, { ...number, required: true });
    const id = await given({ primary_key_custom_field_id: key?.id });
    const path = `/mailing_lists/${id}`;
    const subscriber = { email: "ann@example.com", custom_fields: { Member: 7 } };
    await client.data("POST", `${path}/subscribers`, { subscriber });
    const change = { primary_key_custom_field_id: null };
    expect(await client.refusal(422, "PUT", path, change)).toMatch(/no subscribers/);
    expect(await client.data("PUT", path, { name: "Other" })).toMatchObject({
      primary_key_custom_field_id: key?.id,
    });
  });

  it("seed lists are named by number or by name (A-107)", async () => {
    const seed = { name: "Monitor", addresses_array: ["a@example.com", "a@example.com"] };
    const made = await client.data("POST", "/seed_lists", { seed_list: seed });
    expect(made).toEqual({ id: made["id"], name: "Monitor", addresses_array: ["a@example.com"] });
    const shown = { d_seed_lists: [{ id: made["id"], name: "Monitor" }] };
    const id = await given({ d_seed_list_names: ["monitor"] });
    expect(await client.data("GET", "/mailing_lists")).toMatchObject([shown]);
    const put = (change: unknown) => client.data("PUT", `/mailing_lists/${id}`, change);
    expect(await put({ d_seed_list_ids: [] })).toMatchObject({ d_seed_lists: [] });
    expect(await put({ d_seed_list_ids: [made["id"]] })).toMatchObject(shown);
    const again = { seed_list: { ...seed, name: "MONITOR" } };
    expect(await client.refusal(422, "POST", "/seed_lists", again)).toMatch(/already been taken/);
  });

  it("name what their neighbours show", async () => {
    await references();
    const own = { ...app, config: { ...app.config, publicUrl: "https://mail.example.net" } };
    const other = await mailingListsClient(own);
    expect(await client.data("GET", "/url_domains")).toEqual([{ id: 1, domain: "example.com" }]);
    expect(await other.data("GET", "/url_domains")).toEqual([
      expect.objectContaining({ domain: "mail.example.net" }),
      { id: 1, domain: "example.com" },
    ]);
    expect(await client.data("GET", "/virtual_mtas")).toEqual([
      { id: 0, type: "default_route", name: "System Default Route" },
      { id: 17, type: "relay_server", name: "smtp1" },
    ]);
    await given({ d_virtual_mta: "System Default Route", d_bounce_email: "return@example.com" });
    expect(await client.data("GET", "/bounce_emails")).toEqual([
      expect.objectContaining({ username: "bounce", domain: "example.com" }),
      {
        id: "5312@60212",
        username: "return",
        domain: "example.com",
        email: "return@example.com",
      },
    ]);
    expect(await client.data("GET", "/mailing_lists")).toMatchObject([
      {
        d_virtual_mta: "System Default Route",
        d_virtual_mta_id: 0,
        d_bounce_email_id: "5312@60212",
      },
    ]);
  });
});

it("a list is one list in every API", async () => {
  const { secret: key } = await givenKey();
  const id = await given();
  const native = await ask(app, "GET", `/v1/lists/${id}`, { key });
  expect(await native.json()).toMatchObject({ data: { id, name: "News" } });
  await ask(app, "POST", "/v1/lists", { key, body: { name: "Other" } });
  expect(await client.data("GET", "/mailing_lists")).toMatchObject([
    { name: "News" },
    { name: "Other", d_autowinner_delay_unit: "minutes" },
  ]);
});

// Subscribers and custom fields of a list (contract 3.6), which are contacts and fields of every other API.
import { beforeEach, describe, expect, it } from "vitest";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, ownClock, testApp, type TestApp } from "../../support/world.ts";
import { type Client, mailingListsClient } from "./client.ts";

const START = Date.UTC(2026, 10, 21, 10);

type Named = Readonly<Record<string, unknown>> & { readonly id: number; readonly email: string };

let app: TestApp;
let client: Client;
let list: string;
beforeEach(async () => {
  await emptyLedger();
  app = testApp({ now: ownClock(START).now, log() {} });
  client = await mailingListsClient(app);
  list = await given({ name: "News", has_confirmed: true });
});

async function given(settings: Record<string, unknown>): Promise<string> {
  const made = await client.data("POST", "/mailing_lists", { mailing_list: settings });
  return `/mailing_lists/${String(made["id"])}`;
}

const add = (subscriber: Record<string, unknown>, to = list) =>
  client.data<Named>("POST", `${to}/subscribers`, { subscriber });

function field(change: Record<string, unknown>) {
  const base = { name: "City", field_type: "text" };
  return client.data<Named>("POST", `${list}/custom_fields`, {
    custom_field: { ...base, ...change },
  });
}

describe("subscribers", () => {
  it("are shown with their place on the list", async () => {
    const city = await field({ default_string: "Berlin" });
    const made = await add({ email: "Ann@Example.com", subscribe_ip: "192.0.2.1" });
    expect(made).toEqual({
      id: made.id,
      mailing_list_id: Number(list.split("/").at(-1)),
      email: "ann@example.com",
      created_at: "2026-11-21T10:00:00Z",
      created_at_epoch: START / 1000,
      status: "active",
      subscribe_time: "2026-11-21T10:00:00Z",
      subscribe_time_epoch: START / 1000,
      subscribe_ip: "192.0.2.1",
      confirmed: false,
      custom_fields: { City: { name: "City", type: "text", value: "Berlin" } },
    });
    expect(city).toMatchObject({ field_type: "text", is_global: false, default_string: "Berlin" });
  });

  it("change what is named, and never their address", async () => {
    await field({});
    const { id } = await add({ email: "ann@example.com", custom_fields: { city: "Rome" } });
    const put = (subscriber: Record<string, unknown>) =>
      client.data("PUT", `${list}/subscribers/${id}`, { subscriber });
    expect(await put({ status: "unsubscribed", confirmed: true })).toMatchObject({
      status: "unsubscribed",
      confirmed: true,
      custom_fields: { City: { value: "Rome" } },
    });
    expect(await put({ custom_fields: { City: { value: "Oslo" } } })).toMatchObject({
      status: "unsubscribed",
      custom_fields: { City: { value: "Oslo" } },
    });
    expect(await put({ custom_fields: { City: null } })).toMatchObject({
      custom_fields: { City: { value: null } },
    });
    const path = `${list}/subscribers/${id}`;
    const wrong = [
      [{ email: "bob@example.com" }, /email may not change/],
      [{ status: "gone" }, /status must be one of/],
      [{ custom_fields: { Nothing: 1 } }, /custom_fields.Nothing is no custom field/],
      [{ subscribe_ip: "<script>" }, /subscribe_ip must be an IP address/],
    ] as const;
    for (const [subscriber, message] of wrong) {
      expect(await client.refusal(422, "PUT", path, { subscriber })).toMatch(message);
    }
  });

  it("are found by numbers and addresses, at most 100 at once", async () => {
    const ann = await add({ email: "ann@example.com" });
    const bob = await add({ email: "bob@example.com" });
    const named = (names: string) =>
      client.data<readonly Named[]>("GET", `${list}/subscribers/${names}`);
    expect((await named(`${ann.id},BOB@example.com,9999`)).map(({ id }) => id)).toEqual([
      ann.id,
      bob.id,
    ]);
    const many = Array.from({ length: 101 }, (_, n) => n + 1).join(",");
    const path = `${list}/subscribers/`;
    expect(await client.refusal(400, "GET", path + many)).toMatch(/^requested_too_many/);
    expect(await client.refusal(404, "GET", `${path}nobody@example.com`)).toMatch(/^not_found/);
    const other = await given({ name: "Other" });
    expect(await client.refusal(404, "GET", `${other}/subscribers/${ann.id}`)).toMatch(
      /^not_found/,
    );
  });

  it("come in pages, by number or by token", async () => {
    for (const name of ["a", "b", "c"]) await add({ email: `${name}@example.com` });
    const page = async (query: string) => {
      const answer = await client.ask("GET", `${list}/subscribers?per_page=2${query}`);
      const json: { data: readonly Named[]; next_page_token: string | null } = await answer.json();
      return {
        who: json.data.map(({ email }) => email.charAt(0)).join(""),
        next: json.next_page_token,
      };
    };
    const first = await page("");
    expect(first.who).toBe("ab");
    expect(await page(`&page_token=${first.next}`)).toEqual({ who: "c", next: null });
    expect(await page("&page=1")).toEqual({ who: "c", next: null });
    expect(await client.refusal(422, "GET", `${list}/subscribers?per_page=501`)).toMatch(
      /per_page/,
    );
  });

  it("are refused twice, or with values that do not fit", async () => {
    await field({ name: "Age", field_type: "number", minimum_value: 18, required: true });
    const wrong = [
      [{ email: "nobody" }, /email is refused: Invalid email/],
      [{}, /email cannot be blank/],
      [{ email: "ann@example.com" }, /Custom field Age is required/],
      [
        { email: "ann@example.com", custom_fields: { Age: 17 } },
        /Invalid value for custom field Age/,
      ],
    ] as const;
    for (const [subscriber, message] of wrong) {
      expect(await client.refusal(422, "POST", `${list}/subscribers`, { subscriber })).toMatch(
        message,
      );
    }
    const subscriber = { email: "ann@example.com", custom_fields: { Age: "25" } };
    await add(subscriber);
    const again = { subscriber: { ...subscriber, email: "ANN@example.com" } };
    expect(await client.refusal(422, "POST", `${list}/subscribers`, again)).toMatch(
      /email has already been taken/,
    );
  });

  it("are contacts of /v1, and the other way round", async () => {
    const { secret: key } = await givenKey();
    await add({ email: "ann@example.com" });
    const contact = await ask(app, "GET", "/v1/contacts/ann@example.com", { key });
    expect(await contact.json()).toMatchObject({ data: { email: "ann@example.com" } });
    const body = { email: "bob@example.com", list_id: Number(list.split("/").at(-1)) };
    await ask(app, "POST", "/v1/contacts", { key, body });
    const found = await client.data("GET", `${list}/subscribers/bob@example.com`);
    expect(found).toMatchObject([{ email: "bob@example.com", status: "active" }]);
  });
});

describe("custom fields", () => {
  it.each([
    [
      { field_type: "text_multiline", number_of_rows: 4 },
      { number_of_rows: 4, default_string: "" },
    ],
    [
      { field_type: "number", default_integer: 3, maximum_value: 9 },
      { default_integer: 3, maximum_value: 9, minimum_value: null },
    ],
    [{ field_type: "boolean", default_boolean: true }, { default_boolean: true }],
    [
      { field_type: "select_single_dropdown", options: ["Red", { name: "Blue" }] },
      {
        options: [
          { id: 1, index: 0, name: "Red" },
          { id: 2, index: 1, name: "Blue" },
        ],
      },
    ],
    [
      { field_type: "date", required: true, instructions: "When" },
      { required: true, instructions: "When" },
    ],
  ])("have the keys of their type: %j", async (asked, shown) => {
    const made = await field(asked);
    expect(made).toMatchObject(shown);
    expect(await client.data("GET", `${list}/custom_fields`)).toEqual([made]);
  });

  it.each([
    [{ field_type: "colour" }, /field_type must be one of/],
    [{ name: "" }, /name cannot be blank/],
    [{ field_type: "select_single_radio" }, /options must name/],
    [{ field_type: "number", default_integer: 9, maximum_value: 8 }, /default must be at most 8/],
    [{ minimum_length: 3, default_string: "ab" }, /default must be at least 3 characters/],
  ])("are refused: %j", async (change, message) => {
    const custom_field = { name: "City", field_type: "text", ...change };
    const path = `${list}/custom_fields`;
    expect(await client.refusal(422, "POST", path, { custom_field })).toMatch(message);
  });
});

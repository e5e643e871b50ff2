// The Audience API as its document has it (contract 1.4, A-090…A-101): envelopes, pages, and contacts that are
// judged at once and written later.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sidOf } from "../../../src/model/account-id.ts";
import { workOnContacts } from "../../../src/queue/contacts.ts";
import { findContact } from "../../../src/store/contact.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { documented } from "../../support/documented.ts";
import { ask, givenKey, ownClock, testApp, type TestApp } from "../../support/world.ts";

type Envelope = Readonly<Record<string, unknown>> & {
  readonly data: readonly Item[];
  readonly total: number;
};
type Item = Readonly<Record<string, unknown>> & {
  readonly list_id: string;
  readonly custom_id: string;
  readonly tag_id: string;
};
type Report = {
  readonly data: {
    readonly invalid_contacts: readonly Item[];
    readonly total_invalid: number;
    readonly total_valid: number;
    readonly valid_contacts: readonly Item[];
  };
};

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2024, 10, 18, 18, 8, 20);
const LIST_KEYS = ["data", "error", "limit", "message", "status", "total"];

let app: TestApp;
let clock: ReturnType<typeof ownClock>;
let native: string;
let key: string;
let sid: string;

beforeEach(async () => {
  await emptyLedger();
  clock = ownClock(START);
  app = testApp({ now: clock.now });
  native = (await givenKey()).secret;
  key = (await givenKey({ scopes: ["read", "manage"] }, "audience")).secret;
  sid = await sidOf(app.config.encryptionKey);
});

const path = (rest: string, account = sid) => `/audience/v1/${account}/${rest}`;

function get(rest: string, change: { key?: string; sid?: string } = {}) {
  const headers = { "api-key": change.key ?? key };
  return ask(app, "GET", path(rest, change.sid), { headers });
}

async function read(rest: string): Promise<Envelope> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held against the schema
  return (await documented("GET", path(rest), await get(rest))) as Envelope;
}

async function make(what: string, body: object): Promise<Item> {
  const answer = await ask(app, "POST", `/v1/${what}`, { key: native, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json<{ data: Item }>()).data;
}

const list = (name = "list-4") => make("lists", { name });

async function post(body: unknown): Promise<{ status: number; json: Report & Item }> {
  const answer = await ask(app, "POST", path("contact"), { headers: { "api-key": key }, body });
  const { status } = answer;
  const json = status === 202 ? await documented("POST", path("contact"), answer) : null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held against the schema
  return { status, json: (json ?? (await answer.json())) as Report & Item };
}

/** What is wrong with each invalid contact of a request. */
async function reasons(body: object): Promise<readonly unknown[]> {
  const { status, json } = await post(body);
  expect(status).toBe(202);
  return json.data.invalid_contacts.map(({ reason }) => reason);
}

describe("GET list (E-04)", () => {
  it("answers the document's envelope, byte for byte (A-090)", async () => {
    const { list_id: listId } = await list();
    expect(await (await get("list")).text()).toBe(
      `{"data":[{"name":"list-4","list_id":"${listId}","status":1,"created_at":"2024-11-18T18:08:20Z","updated_at":"2024-11-18T18:08:20Z"}],"error":{},"limit":10,"message":"Request processed successfully.","status":200,"total":1}`,
    );
    expect(listId).toMatch(/^[0-9a-f]{32}$/);
    expect(Object.keys(await read("list"))).toEqual(LIST_KEYS);
  });

  it("pages by number, past the end too (A-091), and echoes pageSize", async () => {
    for (let n = 1; n <= 10; n++) await list(`list ${n}`);
    const pages = [1, 2, 3].map((n) => read(`list?pageSize=5&page=${n}`));
    const [first, second, third] = await Promise.all(pages);
    const names = (from: number) => Array.from({ length: 5 }, (_, n) => `list ${from + n}`);
    expect(first?.data.map(({ name }) => name)).toEqual(names(1));
    expect(second?.data.map(({ name }) => name)).toEqual(names(6));
    expect(third).toMatchObject({ data: [], total: 10, limit: 5 });
    expect([first?.total, second?.total]).toEqual([10, 10]);
  });

  it("filters by a part of the name, and shows active lists only", async () => {
    const resting = await list("Old list");
    await Promise.all([list("My List"), list("Others")]);
    await ask(app, "PATCH", `/v1/lists/${resting.list_id}`, {
      key: native,
      body: { status: "inactive" },
    });
    expect((await read("list?name=lis")).data.map(({ name }) => name)).toEqual(["My List"]);
    expect((await read("list")).total).toBe(2);
  });

  it.each([
    "page=0",
    "pageSize=abc",
    "pageSize=0",
    "pageSize=101",
    "page=1.5",
    "page=-1",
    `name=${"x".repeat(49)}`,
  ])("answers 400 to %s (A-092)", async (query) => {
    const answer = await get(`list?${query}`);
    const error = {
      code: "invalid_request",
      message: expect.stringContaining(query.split("=")[0] ?? ""),
    };
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { data: [], error, status: 400 },
    ]);
  });
});

describe("who may ask", () => {
  it("is the key with its own sid, and nobody else (A-093)", async () => {
    const other = (await givenKey()).secret;
    const cases = [
      get("list", { sid: "0123456789abcdef" }),
      get("list", { key: "" }),
      get("list", { key: other }),
      get("list", { key: `${key}x` }),
      ask(app, "GET", path("list")),
      ask(app, "GET", path("list"), { key }),
      ask(app, "GET", "/v1/lists", { key }),
    ];
    for (const answer of await Promise.all(cases)) expect(answer.status).toBe(401);
    const answer = await get("list", { sid: "x" });
    const message = "this sid and this API key do not belong together";
    expect(await answer.json()).toEqual({
      data: [],
      error: { code: "unauthorized", message },
      limit: 10,
      message,
      status: 401,
      total: 0,
    });
    expect(JSON.stringify([...answer.headers])).not.toContain(key);
  });

  it("needs the scope, the method and a known path", async () => {
    const reader = (await givenKey({ scopes: ["read"] }, "audience")).secret;
    const denied = await ask(app, "POST", path("contact"), {
      headers: { "api-key": reader },
      body: {},
    });
    expect([denied.status, await denied.json()]).toMatchObject([
      403,
      { error: { code: "insufficient_scope" } },
    ]);
    const wrong = await ask(app, "DELETE", path("list"), { headers: { "api-key": key } });
    expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET"]);
    expect((await get("lists")).status).toBe(404);
  });
});

describe("GET custom-field (E-05)", () => {
  it("answers the document's item, and choices as one text (A-094)", async () => {
    clock.advance(Date.UTC(2025, 0, 6, 10, 43, 32) - START);
    const age = await make("custom-fields", { name: "age", type: "string" });
    const size = {
      name: "size",
      type: "dropdown",
      values: ["S", "M"],
      required: true,
      default: "M",
    };
    await make("custom-fields", size);
    const { data } = await read("custom-field");
    expect(JSON.stringify(data[0])).toBe(
      `{"name":"age","custom_id":"${age.custom_id}","type":"string","values":"","status":1,"created_at":"2025-01-06T10:43:32Z","updated_at":"2025-01-06T10:43:32Z","required":0,"default":""}`,
    );
    expect(data[1]).toMatchObject({ type: "dropdown", values: "S,M", required: 1, default: "M" });
    expect(Object.keys(await read("custom-field"))).toEqual(LIST_KEYS);
  });
});

describe("GET tag (E-06)", () => {
  it("has an envelope of its own, and one status at a time (A-095)", async () => {
    const tag = await make("tags", { name: "new-contacts" });
    const old = await make("tags", { name: "old" });
    await ask(app, "PATCH", `/v1/tags/${old.tag_id}`, {
      key: native,
      body: { status: "inactive" },
    });
    const time = "2024-11-18T18:08:20Z";
    const expected = `{"data":[{"tag_id":"${tag.tag_id}","name":"new-contacts","status":1,"created_at":"${time}","modified_at":"${time}"}],"limit":10,"message":"Success","status":true,"statuscode":200,"total":1}`;
    expect(await (await get("tag")).text()).toBe(expected);
    expect(await (await get("tag?status=1")).text()).toBe(expected);
    expect((await read("tag?status=2")).data).toMatchObject([{ name: "old", status: 2 }]);
    expect((await get("tag?status=3")).status).toBe(400);
    expect(tag.tag_id).toMatch(/^[0-9A-Za-z]{10}$/);
  });
});

describe("POST contact (E-07)", () => {
  const avi = (age: string) => ({
    first_name: "Avi",
    last_name: "S",
    email: "avinash+api1@kasplo.com",
    custom_fields: { city: "Mysore", age },
  });

  it("answers the document's report; the first of two stays (A-096)", async () => {
    const { list_id: listId } = await list();
    for (const name of ["city", "age"]) await make("custom-fields", { name, type: "string" });
    const { status, json } = await post({ list_id: listId, data: [avi("27"), avi("27")] });
    const reason = "Contact already exists in request, not unique";
    expect([status, JSON.stringify(json)]).toEqual([
      202,
      JSON.stringify({
        status: 202,
        message: "Request processed successfully.",
        data: {
          invalid_contacts: [{ ...avi("27"), string: reason, reason }],
          total_invalid: 1,
          total_valid: 1,
          valid_contacts: [avi("27")],
        },
        error: {},
      }),
    ]);
  });

  it("refuses the whole of what it cannot take, and stores nothing (A-097)", async () => {
    const { list_id: listId } = await list();
    const resting = await list("resting");
    await ask(app, "PATCH", `/v1/lists/${resting.list_id}`, {
      key: native,
      body: { status: "inactive" },
    });
    const many = Array.from({ length: 101 }, (_, n) => ({ email: `p${n}@example.com` }));
    const data = [{ email: "a@example.com" }];
    const cases = [
      { list_id: listId, data: many },
      { list_id: listId, data: [] },
      { list_id: "314dc5317d78a2ab45ac641aas4de156", data },
      { list_id: resting.list_id, data },
      { list_id: listId, data, tags: ["314dc5317d78a2ab45ac641aas4de156"] },
      { data },
      { list_id: listId, data: ["a@example.com"] },
      { list_id: listId, data, update_subscribers: "yes" },
    ];
    for (const body of cases) expect((await post(body)).status).toBe(400);
    expect(await countOf("contact_jobs")).toBe(0);
  });

  it("updates those that exist only when told to; the address never changes (A-098)", async () => {
    const { list_id: listId } = await list();
    await make("custom-fields", { name: "city", type: "string" });
    const john = {
      email: "Test@Kasplo.com",
      first_name: "John",
      custom_fields: { city: "Bangalore" },
    };
    await post({ list_id: listId, data: [john] });
    expect(await findContact(env.DB, { email: "test@kasplo.com" })).toBeNull();
    expect(await reasons({ list_id: listId, data: [john] })).toEqual(["Contact already exists"]);
    await workOnContacts(app);
    const jon = { email: "test@kasplo.com", first_name: "Jon", last_name: "Doe" };
    expect(await reasons({ list_id: listId, data: [jon] })).toEqual(["Contact already exists"]);
    clock.advance(DAY);
    const updated = await post({ list_id: listId, data: [jon], update_subscribers: true });
    expect(updated.json.data).toMatchObject({ total_valid: 1, total_invalid: 0 });
    await workOnContacts(app);
    const card = await findContact(env.DB, { email: "test@kasplo.com" });
    expect(card?.contact).toMatchObject({
      firstName: "Jon",
      lastName: "Doe",
      updatedAt: START + DAY,
    });
    expect(Object.values(card?.contact.fields ?? {})).toEqual(["Bangalore"]);
    expect(await countOf("contacts")).toBe(1);
  });

  it("wants required fields, and stores a default instead (A-099)", async () => {
    const { list_id: listId } = await list();
    await make("custom-fields", { name: "city", type: "string", required: true });
    await make("custom-fields", {
      name: "country",
      type: "string",
      required: true,
      default: "India",
    });
    const data = [
      { email: "a@example.com" },
      { email: "b@example.com", custom_fields: { City: "Mysore" } },
    ];
    expect(await reasons({ list_id: listId, data })).toEqual(["Custom field city is required"]);
    await workOnContacts(app);
    const card = await findContact(env.DB, { email: "b@example.com" });
    expect(Object.values(card?.contact.fields ?? {})).toEqual(["Mysore", "India"]);
  });

  it("names the field whose value is not of its type (A-100)", async () => {
    const { list_id: listId } = await list();
    for (const [name, type] of [
      ["age", "numeric"],
      ["born", "date"],
      ["vip", "boolean"],
      ["city", "string"],
    ]) {
      await make("custom-fields", { name, type });
    }
    await make("custom-fields", { name: "size", type: "dropdown", values: "S,M" });
    const bad: readonly [object, string][] = [
      [{ age: "abc" }, "Invalid value for custom field age"],
      [{ age: "1e999" }, "Invalid value for custom field age"],
      [{ born: "2026-02-30" }, "Invalid value for custom field born"],
      [{ born: "yesterday" }, "Invalid value for custom field born"],
      [{ vip: "yes" }, "Invalid value for custom field vip"],
      [{ size: "L" }, "Invalid value for custom field size"],
      [{ city: "x".repeat(1_001) }, "Invalid value for custom field city"],
      [{ hat: 1 }, "Unknown custom field hat"],
    ];
    const data = bad.map(([fields], n) => ({ email: `p${n}@example.com`, custom_fields: fields }));
    expect(await reasons({ list_id: listId, data })).toEqual(bad.map(([, reason]) => reason));
    const good = [
      { age: "25" },
      { age: 25.5 },
      { born: "2024-02-29" },
      { born: "2024-02-29T10:00:00Z" },
      { vip: 1 },
      { vip: "false" },
      { size: "M" },
    ];
    const fine = good.map((fields, n) => ({ email: `g${n}@example.com`, custom_fields: fields }));
    expect(await reasons({ list_id: listId, data: fine })).toEqual([]);
    const people = [
      {},
      { email: "" },
      { email: "no" },
      { email: 5 },
      { email: "a@example.com", first_name: 7 },
    ];
    expect(await reasons({ list_id: listId, data: people })).toEqual([
      "Email is required",
      "Email is required",
      "Invalid email",
      "Invalid email",
      "Invalid first name",
    ]);
  });

  it("writes each valid contact once, with list and tags, however often the queue asks (A-101)", async () => {
    const { list_id: listId, id } = await list();
    const tag = await make("tags", { name: "friends" });
    const data = Array.from({ length: 100 }, (_, n) => ({ email: `p${n}@example.com` }));
    await post({ list_id: listId, data, tags: [tag.tag_id] });
    await Promise.all([workOnContacts(app), workOnContacts(app)]);
    await workOnContacts(app);
    expect([
      await countOf("contacts"),
      await countOf("memberships"),
      await countOf("contact_tags"),
    ]).toEqual([100, 100, 100]);
    expect(await findContact(env.DB, { email: "p7@example.com" })).toMatchObject({
      memberships: [{ listId: id, status: "active" }],
      tags: [tag.tag_id],
    });
  });
});

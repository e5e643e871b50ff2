// /v1/lists, /v1/custom-fields, /v1/tags and /v1/contacts: what the Audience API only reads is managed here.
import { beforeEach, describe, expect, it } from "vitest";
import { workOnContacts } from "../../../src/queue/contacts.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { documented } from "../../support/documented.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { pages } from "./native.ts";

type Thing = Readonly<Record<string, unknown>> & {
  readonly id: string | number;
  readonly list_id: string;
};

let app: TestApp;
let key: string;

beforeEach(async () => {
  await emptyLedger();
  app = testApp();
  key = (await givenKey()).secret;
});

const call = (method: string, path: string, body?: object) =>
  ask(app, method, `/v1/${path}`, { key, ...(body ? { body } : {}) });

async function data(method: string, path: string, body?: object): Promise<Thing> {
  const answer = await call(method, path, body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held against the schema
  return ((await documented(method, `/v1/${path}`, answer)) as { data: Thing }).data;
}

async function refused(answer: Response, status: number, code: string): Promise<void> {
  const error = { code, message: expect.any(String), request_id: expect.any(String) };
  expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
}

describe("/v1/lists", () => {
  it("makes, shows by any of its names, renames, rests and deletes a list", async () => {
    const list = await data("POST", "lists", { name: " News " });
    expect(list).toMatchObject({ name: "News", status: "active" });
    for (const name of [list.id, list.list_id, "news"]) {
      expect(await data("GET", `lists/${name}`)).toEqual(list);
    }
    const changed = await data("PATCH", `lists/${list.id}`, {
      name: "Weekly",
      status: "inactive",
    });
    expect(changed).toMatchObject({ name: "Weekly", status: "inactive" });
    expect((await call("DELETE", `lists/${list.id}`)).status).toBe(204);
    await refused(await call("GET", `lists/${list.id}`), 404, "not_found");
  });

  it("pages, filters, and names what is wrong", async () => {
    for (let n = 0; n < 5; n++) await data("POST", "lists", { name: `List ${n}` });
    const names = (await pages<Thing>(app, key, "/v1/lists?limit=2")).map((list) =>
      list.map(({ name }) => name),
    );
    expect(names).toEqual([["List 0", "List 1"], ["List 2", "List 3"], ["List 4"]]);
    expect((await pages<Thing>(app, key, "/v1/lists?name=ist%203")).flat()).toHaveLength(1);
    await documented("GET", "/v1/lists", await call("GET", "lists"));
    for (const body of [{}, { name: "" }, { name: "x".repeat(256) }, { name: "a\r\nb" }]) {
      await refused(await call("POST", "lists", body), 400, "invalid_request");
    }
    await refused(await call("GET", "lists?cursor=x"), 400, "invalid_request");
  });

  it("loses everybody's place with the list, and no contact", async () => {
    const list = await data("POST", "lists", { name: "News" });
    for (const email of ["a@example.com", "b@example.com"]) {
      await data("POST", "contacts", { email, list_id: list.id });
    }
    await call("DELETE", `lists/${list.id}`);
    await workOnContacts(app);
    expect([await countOf("memberships"), await countOf("contacts")]).toEqual([0, 2]);
  });
});

describe("/v1/custom-fields and /v1/tags", () => {
  it("make, change and delete, each name once", async () => {
    const size = { name: "Size", type: "dropdown", values: ["S", "M"], default: "M" };
    const field = await data("POST", "custom-fields", size);
    expect(field).toMatchObject({
      type: "dropdown",
      kind: "select_single_dropdown",
      values: ["S", "M"],
    });
    await refused(await call("POST", "custom-fields", { ...size, name: "size" }), 409, "conflict");
    expect(
      await data("PATCH", `custom-fields/${field.id}`, {
        values: ["S", "M", "L"],
        default: "L",
      }),
    ).toMatchObject({
      values: ["S", "M", "L"],
      default: "L",
    });
    await refused(
      await call("PATCH", `custom-fields/${field.id}`, { values: ["S", "M"] }),
      400,
      "invalid_request",
    );
    await data("POST", "custom-fields", { name: "city", type: "string" });
    const taken = await call("PATCH", `custom-fields/${field.id}`, { name: "City" });
    await refused(taken, 409, "conflict");
    expect((await call("DELETE", `custom-fields/${field.id}`)).status).toBe(204);
    await data("POST", "custom-fields", size);
    await documented("GET", "/v1/custom-fields", await call("GET", "custom-fields"));
    const tag = await data("POST", "tags", { name: "vip" });
    await refused(await call("POST", "tags", { name: "VIP" }), 409, "conflict");
    expect(await data("PATCH", `tags/${tag.id}`, { name: "VIPs" })).toMatchObject({
      name: "VIPs",
    });
    await documented("GET", "/v1/tags", await call("GET", "tags"));
    const gone = await call("DELETE", `tags/${tag.id}`);
    expect([gone.status, await documented("DELETE", "/v1/tags/x", gone)]).toEqual([204, null]);
    await refused(await call("DELETE", `tags/${tag.id}`), 404, "not_found");
  });

  it.each([
    [{ name: "x", type: "dropdown" }, "values"],
    [{ name: "x", type: "string", values: ["a"] }, "values"],
    [{ name: "x", type: "dropdown", values: ["a,b"] }, "values[0]"],
    [{ name: "x", type: "numeric", default: "abc" }, "default"],
    [{ name: "x", type: "colour" }, "type"],
    [{ type: "string" }, "name"],
  ])("refuse %j and name %s", async (body, field) => {
    const answer = await call("POST", "custom-fields", body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field } }]);
  });
});

describe("/v1/contacts", () => {
  it("adds, shows, changes and deletes a person; the address stays", async () => {
    const list = await data("POST", "lists", { name: "News" });
    const city = await data("POST", "custom-fields", { name: "city", type: "string" });
    const tag = await data("POST", "tags", { name: "vip" });
    const ann = { email: "Ann@Example.com", first_name: "Ann", custom_fields: { city: "Delhi" } };
    const made = await call("POST", "contacts", {
      ...ann,
      list_id: list.list_id,
      tags: [tag.id],
    });
    expect(made.status).toBe(201);
    const { data: card } = await made.json<{ data: Thing }>();
    expect(card).toMatchObject({
      email: "ann@example.com",
      first_name: "Ann",
      tags: [tag.id],
      lists: [{ id: list.id }],
    });
    expect(card["custom_fields"]).toEqual({ city: "Delhi" });
    const again = await call("POST", "contacts", {
      ...ann,
      first_name: "Other",
      list_id: list.id,
    });
    expect([again.status, (await again.json<{ data: Thing }>()).data["first_name"]]).toEqual([
      200,
      "Ann",
    ]);
    const changed = await data("PATCH", "contacts/ann@example.com", {
      last_name: "Lee",
      custom_fields: { city: "Pune" },
    });
    expect(changed).toMatchObject({ first_name: "Ann", last_name: "Lee" });
    expect(changed["custom_fields"]).toEqual({ city: "Pune" });
    await data("POST", "custom-fields", { name: "size", type: "string", required: true });
    await data("PATCH", "contacts/ann@example.com", { custom_fields: { size: "M" } });
    const less = await data("PATCH", "contacts/ann@example.com", { custom_fields: { City: null } });
    expect(less["custom_fields"]).toEqual({ size: "M" });
    await refused(
      await call("PATCH", "contacts/ann@example.com", { custom_fields: { size: "" } }),
      400,
      "invalid_request",
    );
    const more = await data("PATCH", "contacts/ann@example.com", {
      custom_fields: { city: "Pune" },
    });
    expect(more["custom_fields"]).toEqual({ city: "Pune", size: "M" });
    const other = await data("POST", "tags", { name: "other" });
    const retag = (tags: readonly unknown[]) => data("PATCH", `contacts/${card.id}`, { tags });
    expect((await retag([other.id]))["tags"]).toEqual([other.id]);
    expect((await retag([other.id, tag.id, tag.id]))["tags"]).toEqual([tag.id, other.id]);
    expect((await retag([]))["tags"]).toEqual([]);
    await refused(
      await call("PATCH", `contacts/${card.id}`, { tags: [tag.id, "x"] }),
      400,
      "invalid_request",
    );
    const renamed = await data("PATCH", `custom-fields/${city.id}`, { name: "Town" });
    expect(renamed).toMatchObject({ id: city.id, name: "Town" });
    expect((await data("GET", `contacts/${card.id}`))["custom_fields"]).toEqual({
      Town: "Pune",
      size: "M",
    });
    await refused(
      await call("PATCH", "contacts/ann@example.com", { email: "b@example.com" }),
      400,
      "invalid_request",
    );
    await call("DELETE", `custom-fields/${city.id}`);
    expect((await data("GET", `contacts/${card.id}`))["custom_fields"]).toEqual({ size: "M" });
    const kept = await (await call("GET", "recipients/ann@example.com")).text();
    expect(kept).toContain(`"Town (deleted, `);
    const place = `lists/${list.id}/contacts/${card.id}`;
    expect(await data("PATCH", place, { status: "unsubscribed" })).toMatchObject({
      lists: [{ status: "unsubscribed" }],
    });
    expect((await call("DELETE", place)).status).toBe(204);
    await refused(await call("DELETE", place), 404, "not_found");
    expect((await call("DELETE", `contacts/${card.id}`)).status).toBe(204);
    await refused(await call("GET", "contacts/ann@example.com"), 404, "not_found");
  });

  it("pages people, of all lists and of one", async () => {
    const list = await data("POST", "lists", { name: "News" });
    for (let n = 0; n < 5; n++)
      await data("POST", "contacts", { email: `p${n}@example.com`, list_id: "news" });
    for (const path of ["/v1/contacts", `/v1/lists/${list.id}/contacts`]) {
      await documented("GET", path, await ask(app, "GET", path, { key }));
      const found = await pages<Thing>(app, key, `${path}?limit=2`);
      expect(found.map((some) => some.length)).toEqual([2, 2, 1]);
      expect(found.flat().map(({ email }) => email)).toEqual(
        [0, 1, 2, 3, 4].map((n) => `p${n}@example.com`),
      );
    }
  });

  it.each([
    [{ email: "no" }, "email"],
    [{ email: "a@example.com", list_id: "nothing" }, "list_id"],
    [{ email: "a@example.com", tags: ["x"] }, "tags"],
    [{ email: "a@example.com", custom_fields: { hat: 1 } }, "custom_fields"],
    [{ email: "a@example.com", first_name: "x".repeat(300) }, "first_name"],
  ])("refuses %j and names %s", async (body, field) => {
    await data("POST", "lists", { name: "News" });
    const answer = await call("POST", "contacts", { list_id: "news", ...body });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field } }]);
    expect(await countOf("contacts")).toBe(0);
  });
});

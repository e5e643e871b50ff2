// Hostile bodies at the Audience API and the native resources of contacts: deep, wide and large JSON, texts that
// look like code, names nobody expects. A refusal is a 400 or of one contact; nothing is ever a 5xx.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sidOf } from "../../../src/model/account-id.ts";
import { workOnContacts } from "../../../src/queue/contacts.ts";
import { findContact } from "../../../src/store/contact.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";

const POISON = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

let app: TestApp;
let native: string;
let key: string;
let sid: string;
let listId: string;

beforeEach(async () => {
  await emptyLedger();
  app = testApp();
  native = (await givenKey()).secret;
  key = (await givenKey({ scopes: ["read", "manage"] }, "audience")).secret;
  sid = await sidOf(app.config.encryptionKey);
  listId = (await make("lists", { name: "News" }))["list_id"] ?? "";
});

async function make(what: string, body: object): Promise<Record<string, string>> {
  const answer = await ask(app, "POST", `/v1/${what}`, { key: native, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json<{ data: Record<string, string> }>()).data;
}

function post(body: unknown): Promise<Response> {
  const headers = { "api-key": key };
  return ask(app, "POST", `/audience/v1/${sid}/contact`, { headers, body });
}

/** How many of a request's contacts are valid, and why the others are not. */
async function sorted(data: readonly unknown[]) {
  const answer = await post({ list_id: listId, data });
  expect(answer.status).toBe(202);
  const report = await answer.json<{
    data: { total_valid: number; invalid_contacts: readonly { reason: string }[] };
  }>();
  const { total_valid: valid, invalid_contacts: invalid } = report.data;
  return { valid, reasons: invalid.map(({ reason }) => reason) };
}

describe("JSON that is deep, wide or large", () => {
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

  it.each([
    ["1,000 arrays", deep(1_000)],
    ["100,000 arrays", deep(100_000)],
    ["100,000 objects", objects(100_000)],
  ])("of %s is refused wherever it stands, or is one contact's fault", async (_name, value) => {
    const body = (contact: string) => `{"list_id":"${listId}","data":[${contact}]}`;
    const bodies = [
      value,
      body(value),
      body(`{"email":"a@example.com","custom_fields":${value}}`),
      body(`{"email":"a@example.com","custom_fields":{"a":${value}}}`),
      body(`{"email":${value}}`),
      body(`{"email":"a@example.com","first_name":${value}}`),
      body(`{"email":"a@example.com","unknown":${value}}`),
      `{"list_id":"${listId}","data":[{"email":"a@example.com"}],"unknown":${value}}`,
    ];
    for (const text of bodies) {
      const { status } = await post(text);
      expect([text.slice(0, 80), [202, 400].includes(status)]).toEqual([text.slice(0, 80), true]);
      const own = await ask(app, "POST", "/v1/contacts", { key: native, body: text });
      expect([text.slice(0, 80), own.status]).toEqual([text.slice(0, 80), 400]);
    }
  });

  it("of more than 2 MB is refused, though each of its contacts would do", async () => {
    const names = Array.from({ length: 21 }, (_, n) => [`f${n}`, "x".repeat(1_000)]);
    const data = Array.from({ length: 100 }, (_, n) => ({
      email: `p${n}@example.com`,
      custom_fields: Object.fromEntries(names),
    }));
    expect((await post({ list_id: listId, data })).status).toBe(413);
    expect((await post({ list_id: listId, data: data.slice(1, 98) })).status).toBe(202);
    expect(await countOf("contact_jobs")).toBe(0);
  });

  it("is written though defaults make much of little", async () => {
    for (let n = 0; n < 30; n++) {
      await make("custom-fields", { name: `f${n}`, type: "string", default: "é".repeat(1_000) });
    }
    const data = Array.from({ length: 100 }, (_, n) => ({ email: `p${n}@example.com` }));
    expect(await sorted(data)).toEqual({ valid: 100, reasons: [] });
    await workOnContacts(app);
    expect([await countOf("contacts"), await countOf("contact_jobs")]).toEqual([100, 0]);
    const card = await findContact(env.DB, { email: "p99@example.com" });
    expect(Object.values(card?.contact.fields ?? {})).toHaveLength(30);
  });
});

describe("texts", () => {
  it("that look like code are texts", async () => {
    await make("custom-fields", { name: "city", type: "string" });
    const odd = [
      "'; drop table contacts; --",
      "{{7*7}}",
      "<script>alert(1)</script>",
      "=cmd|' /C calc'!A0",
      "\u202e\u200b\ufeff",
      "💥👩‍👩‍👧",
      "$.a[0]",
    ];
    const data = odd.map((text, n) => ({
      email: `p${n}@example.com`,
      first_name: text,
      custom_fields: { city: text },
    }));
    expect(await sorted(data)).toEqual({ valid: odd.length, reasons: [] });
    await workOnContacts(app);
    for (const [n, text] of odd.entries()) {
      const card = await findContact(env.DB, { email: `p${n}@example.com` });
      expect([card?.contact.firstName, ...Object.values(card?.contact.fields ?? {})]).toEqual([
        text,
        text,
      ]);
    }
  });

  it("with control characters or halves of characters are refused", async () => {
    await make("custom-fields", { name: "city", type: "string" });
    for (const text of ["a\0b", "a\u0007b", "a\u009bb", "a\ud800b"]) {
      const { valid, reasons } = await sorted([
        { email: "a@example.com", custom_fields: { city: text } },
        { email: "b@example.com", first_name: text },
        { email: "c@example.com", last_name: text },
        { email: text },
        { email: "d@example.com", custom_fields: { [text]: "x" } },
      ]);
      expect([valid, reasons.slice(0, 4)]).toEqual([
        0,
        [
          "Invalid value for custom field city",
          "Invalid first name",
          "Invalid last name",
          "Invalid email",
        ],
      ]);
    }
  });

  it("that are names of everything's own are fields like others when somebody makes them", async () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    await expect(make("custom-fields", { name: "__proto__", type: "string" })).rejects.toThrow(
      "must be another name",
    );
    for (const [n, name] of POISON.slice(1).entries()) {
      await make("custom-fields", { name, type: "string", default: "d" });
      const contact = `{"email":"p${n}@example.com","custom_fields":{"${name}":"mine"}}`;
      expect((await post(`{"list_id":"${listId}","data":[${contact}]}`)).status).toBe(202);
      await workOnContacts(app);
      const answer = await ask(app, "GET", `/v1/contacts/p${n}@example.com`, { key: native });
      expect(await answer.text()).toContain(`"${name}":"mine"`);
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
  });

  it("that are names of everything's own are unknown fields otherwise", async () => {
    const names = POISON;
    const data = names.map(
      (name, n) => `{"email":"p${n}@example.com","custom_fields":{"${name}":"x"}}`,
    );
    const answer = await post(`{"list_id":"${listId}","data":[${data.join(",")}]}`);
    const report = await answer.json<{ data: { invalid_contacts: { reason: string }[] } }>();
    expect(report.data.invalid_contacts.map(({ reason }) => reason)).toEqual(
      names.map((name) => `Unknown custom field ${name}`),
    );
  });
});

// Whoever is bound to one mail class, a person by their modules or an API key, is told of mail of that class only
// (F-024, A-124).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../../src/lib/id.ts";
import type { MailClass } from "../../../src/model/message.ts";
import type { Grant } from "../../../src/model/permission.ts";
import { countStats } from "../../../src/record/stats.ts";
import { csvRecords, exportWorld, type ExportWorld, START } from "../../support/export-world.ts";
import { givenPerson, type Person } from "../../support/people.ts";
import { ask, email, givenDomain, givenKey } from "../../support/world.ts";
import { expectError } from "./native.ts";

const OURS: readonly Grant[] = [
  { module: "transactional", mailClass: "marketing" },
  { module: "deliverability", mailClass: "transactional" },
];
const HOUR = 60 * 60 * 1_000;

let world: ExportWorld;
let mine: string;
let other: string;
let bound: Person;

beforeEach(async () => {
  world = await exportWorld();
  const tables = ["users", "module_grants", "sessions", "exports"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
  await givenDomain("edgepost.test");
  mine = await post("marketing");
  world.clock.advance(1_000);
  other = await post("transactional");
  world.clock.advance(2 * HOUR);
  await countStats(world.app, 10);
  bound = await someone("admin");
});

function someone(role: "admin" | "analyst", grants = OURS): Promise<Person> {
  return givenPerson({ role, grants, now: world.clock.now() });
}

async function post(mailClass: MailClass): Promise<string> {
  const body = { ...email({}, [`${mailClass}@example.com`]), metadata: { mailClass } };
  const answer = await ask(world.app, "POST", "/v1/send-email", { key: world.key, body });
  expect(answer.status).toBe(200);
  return answer.headers.get("X-Message-Id") ?? "";
}

type Listed = { readonly data: readonly { readonly id: string }[] };

async function ids(path: string, as: Parameters<typeof ask>[3]): Promise<readonly string[]> {
  const answer = await ask(world.app, "GET", path, as);
  expect([path, answer.status]).toEqual([path, 200]);
  return (await answer.json<Listed>()).data.map(({ id }) => id);
}

type Stats = {
  readonly data: {
    readonly filters: Readonly<Record<string, unknown>>;
    readonly total: { readonly counts: Readonly<Record<string, number>> };
  };
};

describe("of messages, somebody who is bound to a class", () => {
  it.each([
    "",
    "?mail_class=transactional",
    "?recipient=transactional@example.com",
    "?state=queued",
  ])("lists none of the other: %s", async (query) => {
    const found = await ids(`/v1/messages${query}`, { headers: bound.headers });
    expect(found).toEqual(query.includes("recipient") ? [] : [mine]);
  });

  it.each([
    ["GET", ""],
    ["GET", "/raw"],
    ["GET", "/webhooks"],
    ["POST", "/resend"],
    ["POST", "/cancel"],
    ["POST", "/reschedule"],
  ])("finds none of the other: %s /messages/:id%s", async (method, path) => {
    const body = path === "/reschedule" ? { sendAt: new Date(START + 9 * HOUR).toISOString() } : {};
    const asked = { headers: bound.headers, ...(method === "POST" ? { body } : {}) };
    const url = (id: string) => `/v1/messages/${id}${path}`;
    await expectError(await ask(world.app, method, url(other), asked), {
      status: 404,
      code: "not_found",
    });
    expect((await ask(world.app, method, url(mine), asked)).ok).toBe(true);
  });

  it("is asked for what everybody may filter by", async () => {
    const all = { key: world.key };
    expect(await ids("/v1/messages", all)).toEqual([other, mine]);
    expect(await ids("/v1/messages?mail_class=marketing", all)).toEqual([mine]);
  });
});

it("counts in /v1/stats what the class had, whatever is asked for", async () => {
  for (const query of ["", "&mail_class=transactional", "&by=mail_class"]) {
    const path = `/v1/stats?from=${START}&to=${START + HOUR}&interval=hour${query}`;
    const answer = await ask(world.app, "GET", path, { headers: bound.headers });
    const { data } = await answer.json<Stats>();
    expect([query, data.total.counts["accepted"]]).toEqual([query, 1]);
    expect(data.filters["mail_class"]).toBe("marketing");
  }
});

describe("of exports, somebody who is bound to a class", () => {
  it.each(["messages", "statistics"])("orders %s of it only", async (kind) => {
    const body = { kind, format: "csv", mail_class: "transactional" };
    const answer = await ask(world.app, "POST", "/v1/exports", { headers: bound.headers, body });
    const { data } = await answer.json<{ data: { id: string; filters: unknown } }>();
    expect([answer.status, data.filters]).toMatchObject([202, { mail_class: "marketing" }]);
    await world.drain();
    const records = csvRecords(await world.textOf(data.id));
    expect(records.map((record) => record["mail_class"])).toEqual(["marketing"]);
  });

  it("sees none of the other, nor what their modules do not open", async () => {
    const all = await world.order({ kind: "messages", format: "csv" });
    const theirs = await world.order({ kind: "events", format: "csv", mail_class: "marketing" });
    const contacts = await world.order({ kind: "contacts", format: "csv" });
    const list = await world.order({ kind: "suppressions", format: "csv" });
    const { headers } = bound;
    expect(await ids("/v1/exports", { headers })).toEqual([list.id, theirs.id]);
    for (const { id } of [all, contacts]) {
      for (const method of ["GET", "DELETE"]) {
        const answer = await ask(world.app, method, `/v1/exports/${id}`, { headers });
        await expectError(answer, { status: 404, code: "not_found" });
      }
      expect((await world.get(id)).state).toBe("queued");
    }
    const body = { kind: "contacts", format: "csv" };
    const refused = await ask(world.app, "POST", "/v1/exports", { headers, body });
    await expectError(refused, { status: 403, code: "not_permitted" });
    const gone = await ask(world.app, "DELETE", `/v1/exports/${theirs.id}`, { headers });
    expect(gone.status).toBe(204);
  });
});

describe("what cannot be shown in part", () => {
  const HOOK = "/v1/webhooks/none";
  const CALLS = [
    ["GET", "/v1/recipients/a@example.com"],
    ["DELETE", "/v1/recipients/a@example.com"],
    ["POST", "/v1/webhooks"],
    ["PATCH", HOOK],
    ["POST", `${HOOK}/replay`],
  ] as const;

  it.each(CALLS)("is closed to who is bound to a class: %s %s", async (method, path) => {
    const body = method === "GET" || method === "DELETE" ? {} : { body: {} };
    const answer = await ask(world.app, method, path, { headers: bound.headers, ...body });
    await expectError(answer, { status: 403, code: "not_permitted" });
  });

  it("is not offered to them", async () => {
    const { headers } = bound;
    const me = await ask(world.app, "GET", "/v1/me", { headers });
    const { data } = await me.json<{ data: { permissions: Readonly<Record<string, string>> } }>();
    expect(data.permissions).not.toHaveProperty("recipients");
    expect(data.permissions).toMatchObject({ messages: "write", stats: "read", webhooks: "read" });
    expect((await ask(world.app, "GET", "/v1/webhooks", { headers })).status).toBe(200);
  });

  it("is open to who has both", async () => {
    const more = { module: "transactional", mailClass: "transactional" } as const;
    const { headers } = await someone("admin", [...OURS, more]);
    const dossier = await ask(world.app, "GET", "/v1/recipients/a@example.com", { headers });
    expect(dossier.status).toBe(200);
    const patched = await ask(world.app, "PATCH", HOOK, { headers, body: {} });
    expect(patched.status).toBe(404);
  });
});

it("binds the keys that they make, in what they read too", async () => {
  const body = { name: "theirs", scopes: ["read"], mailClass: "marketing" };
  const made = await ask(world.app, "POST", "/v1/keys", { headers: bound.headers, body });
  const { key } = (await made.json<{ data: { key: string } }>()).data;
  expect(await ids("/v1/messages", { key })).toEqual([mine]);
  const answer = await ask(world.app, "GET", `/v1/messages/${other}`, { key });
  await expectError(answer, { status: 404, code: "not_found" });
  const dossier = await ask(world.app, "GET", "/v1/recipients/a@example.com", { key });
  await expectError(dossier, { status: 403, code: "not_permitted" });
});

it("keeps the events of the other from a key that is bound", async () => {
  const { secret } = await givenKey({ mailClass: "marketing" });
  const entry = {
    id: uuidv7(START),
    at: START,
    messageId: other,
    position: 0,
    tags: "",
    sendId: "",
  };
  const told = { ...entry, listId: "", email: "a@example.com", name: "unsubscribe" };
  const events = [
    { ...told, mailClass: "transactional" },
    { ...told, id: "1", mailClass: "marketing" },
  ];
  await env.DB.prepare("insert into event_log (position, events) values (?1, ?2)")
    .bind(START * 1_000, JSON.stringify(events))
    .run();
  expect(await ids("/v1/events", { key: secret })).toEqual(["1"]);
});

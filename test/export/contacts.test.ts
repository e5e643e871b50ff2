// Exports of contacts: everybody or a list, a column for each custom field, ended where it was ordered, gone
// on with where it stopped, cancelled with its list.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { workOnExports } from "../../src/export/work.ts";
import type { ContactWrite } from "../../src/model/contact.ts";
import { newHexId } from "../../src/model/list.ts";
import { newTagId } from "../../src/model/tag.ts";
import { insertJob } from "../../src/store/contact-job.ts";
import { deleteList } from "../../src/store/contact-removal.ts";
import { insertField } from "../../src/store/custom-field.ts";
import { insertList } from "../../src/store/list.ts";
import { insertTag } from "../../src/store/tag.ts";
import { writeJobs } from "../support/contact-jobs.ts";
import { csvRecords, type ExportWorld, exportWorld, START } from "../support/export-world.ts";

const { DB } = env;
const HOUR = 60 * 60 * 1000;

let world: ExportWorld;
beforeEach(async () => {
  world = await exportWorld();
});

async function givenList(name: string) {
  const list = await insertList(DB, { listId: newHexId(), name, settings: {}, createdAt: START });
  if (!list) throw new Error("no list");
  return list;
}

async function givenField(name: string, listId: number | null = null) {
  const field = await insertField(DB, {
    customId: newHexId(),
    listId,
    name,
    type: "text",
    required: false,
    defaultValue: "",
    options: [],
    extras: {},
    createdAt: START,
  });
  if (!field) throw new Error("no field");
  return field;
}

async function subscribe(
  listId: number,
  contacts: readonly (Partial<ContactWrite> & { readonly email: string })[],
  { at = START, tagIds = [] }: { readonly at?: number; readonly tagIds?: readonly number[] } = {},
) {
  const none = { all: {}, list: {} };
  const empty = { firstName: null, lastName: null, fields: none };
  const whole = contacts.map((contact) => ({ ...empty, ...contact }));
  await insertJob(DB, listId, { update: true, tagIds, defaults: none, contacts: whole }, at);
  await writeJobs(DB, at);
}

async function recordsOf(body: Readonly<Record<string, unknown>>) {
  const { id } = await world.order({ kind: "contacts", format: "csv", ...body });
  await world.drain();
  return csvRecords(await world.textOf(id));
}

/** Ann on two lists, with a tag and values; Bob on the first. */
async function givenPeople() {
  const [news, other] = [await givenList("News"), await givenList("Other")];
  const [city, email] = [await givenField("city"), await givenField("Email")];
  const own = await givenField("size", news.id);
  const tag = await insertTag(DB, { tagId: newTagId(), name: "friends", createdAt: START });
  const fields = { all: { [city.id]: "=1+1", [email.id]: "x" }, list: { [own.id]: "XL" } };
  const ann = { email: "ann@example.com", firstName: "Ann", fields };
  await subscribe(news.id, [ann], { tagIds: [tag?.id ?? 0] });
  await subscribe(other.id, [{ email: "ann@example.com" }]);
  await subscribe(news.id, [{ email: "bob@example.com", lastName: "Lee" }], { at: START + HOUR });
  world.clock.advance(2 * HOUR);
  return { news, other, tag };
}

describe("contacts", () => {
  it("are everybody with lists, tags and fields that all lists have, safe for spreadsheets", async () => {
    const { news, other, tag } = await givenPeople();
    const records = await recordsOf({});
    const lists = [news, other].map(({ id }) => ({ id, status: "active" }));
    expect(records).toEqual([
      {
        email: "ann@example.com",
        first_name: "Ann",
        last_name: "",
        tags: JSON.stringify([tag?.tagId]),
        lists: JSON.stringify(lists),
        created_at: "2026-11-21T10:00:00.000Z",
        updated_at: "2026-11-21T10:00:00.000Z",
        city: "'=1+1",
        "custom_fields.Email": "x",
      },
      expect.objectContaining({ email: "bob@example.com", last_name: "Lee", city: "", tags: "[]" }),
    ]);
  });

  it("of a list, by any of its names, have their place on it and its own fields", async () => {
    const { news } = await givenPeople();
    for (const list of [String(news.id), news.listId, "NEWS"]) {
      const { id } = await world.order({ kind: "contacts", format: "json", list });
      await world.drain();
      const [ann, bob]: readonly unknown[] = JSON.parse(await world.textOf(id));
      expect(ann).toMatchObject({
        email: "ann@example.com",
        status: "active",
        confirmed: false,
        email_format: "html",
        subscribed_at: "2026-11-21T10:00:00.000Z",
        custom_fields: { city: "=1+1", Email: "x", size: "XL" },
      });
      expect(bob).toMatchObject({
        email: "bob@example.com",
        custom_fields: { city: null, Email: null, size: null },
      });
    }
    expect((await recordsOf({ list: "Other" })).map(({ email }) => email)).toEqual([
      "ann@example.com",
    ]);
  });

  it("are those that were added in the range, none that came after the export was ordered", async () => {
    const { news } = await givenPeople();
    expect(await recordsOf({ to: START + HOUR - 1 })).toHaveLength(1);
    expect(await recordsOf({ list: "news", from: START + 1 })).toHaveLength(1);
    const ordered = await world.order({ kind: "contacts", format: "csv" });
    await subscribe(news.id, [{ email: "late@example.com" }]);
    await world.drain();
    expect(csvRecords(await world.textOf(ordered.id))).toHaveLength(2);
  });

  it("are all there once, over pages and interruptions, and the order tells how far it is", async () => {
    const { id: listId } = await givenList("News");
    const emails = Array.from({ length: 1_250 }, (_, n) => `p${n}@example.com`);
    await subscribe(
      listId,
      emails.map((email) => ({ email })),
    );
    for (const table of ["from contacts c", "from memberships"]) {
      const list = table.includes("memberships") ? { list: "News" } : {};
      let reads = 0;
      world.d1.plan({
        on: ({ sql }) => sql.includes(table) && sql.includes("between") && ++reads >= 2,
        mode: "before",
        times: 2,
      });
      expect((await recordsOf(list)).map(({ email }) => email)).toEqual(emails);
    }
  });

  it("show how far they are, by the share of everybody", async () => {
    const { id: listId } = await givenList("News");
    const people = Array.from({ length: 1_000 }, (_, n) => ({ email: `p${n}@example.com` }));
    await subscribe(listId, people);
    const { id } = await world.order({ kind: "contacts", format: "csv" });
    await DB.prepare(
      "update exports set state = 'running', after = (select min(id) + 249 from contacts)",
    ).run();
    const first = await DB.prepare("select min(id) as id from contacts").first<{ id: number }>();
    const share = ((first?.id ?? 0) + 249) / ((first?.id ?? 0) + 999);
    expect((await world.get(id)).progress).toBeCloseTo(share, 2);
  });

  it("of a list that is deleted are cancelled while they are made; a finished file stays", async () => {
    const { news, other } = await givenPeople();
    const done = await world.order({ kind: "contacts", format: "csv", list: "News" });
    await world.drain();
    const waiting = await world.order({ kind: "contacts", format: "csv", list: "News" });
    const others = await world.order({ kind: "contacts", format: "csv", list: other.listId });
    await deleteList(DB, news.id, world.clock.now());
    await expect(world.get(waiting.id)).rejects.toThrow("404");
    await workOnExports(world.app);
    expect((await world.get(done.id)).state).toBe("done");
    expect((await world.get(others.id)).state).toBe("done");
  });
});

// Contacts in D1: written once however often, found by key, gone with what belonged to them.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ContactJob, ContactWrite } from "../../src/model/contact.ts";
import { newHexId } from "../../src/model/list.ts";
import { newTagId } from "../../src/model/tag.ts";
import {
  changeMembership,
  findContact,
  findSubscribers,
  leaveList,
  listContacts,
  listSubscribers,
} from "../../src/store/contact.ts";
import { pageSubscribers } from "../../src/store/contact-export.ts";
import { insertJob, jobWaits, nextJob, writeJob } from "../../src/store/contact-job.ts";
import {
  deleteContact,
  deleteList,
  placesLeft,
  removePlaces,
} from "../../src/store/contact-removal.ts";
import { changeField, insertField } from "../../src/store/custom-field.ts";
import { findList, insertList, listLists } from "../../src/store/list.ts";
import { insertTag } from "../../src/store/tag.ts";
import { writeJobs } from "../support/contact-jobs.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";

const { DB } = env;

const none = { all: {}, list: {} };

function write(email: string, change: Partial<ContactWrite> = {}): ContactWrite {
  return { email, firstName: null, lastName: null, fields: none, ...change };
}

async function given(name = "News") {
  const list = await insertList(DB, { listId: newHexId(), name, settings: {}, createdAt: 1 });
  if (!list) throw new Error("no list");
  return list;
}

async function done(
  listId: number,
  job: Partial<ContactJob> & Pick<ContactJob, "contacts">,
  now = 5,
) {
  await insertJob(DB, listId, { update: false, tagIds: [], defaults: none, ...job }, now);
  await writeJobs(DB, now);
  expect(await jobWaits(DB)).toBe(false);
}

beforeEach(emptyLedger);

describe("a contact job", () => {
  it("makes contacts with defaults, places and tags, and leaves those that exist", async () => {
    const list = await given();
    const tag = await insertTag(DB, { tagId: newTagId(), name: "friends", createdAt: 1 });
    const defaults = { all: { 7: "Bangalore", 8: 1 }, list: { 9: "x" } };
    const fields = { all: { 8: 2 }, list: {} };
    const first = write("ann@example.com", { firstName: "Ann", fields });
    await done(list.id, { contacts: [first], defaults, tagIds: [tag?.id ?? 0] });
    await done(list.id, { contacts: [write("ann@example.com", { firstName: "Other" })] }, 9);
    const card = await findContact(DB, { email: "ann@example.com" });
    expect(card).toMatchObject({
      contact: {
        firstName: "Ann",
        lastName: "",
        fields: { 7: "Bangalore", 8: 2 },
        createdAt: 5,
        updatedAt: 5,
      },
      memberships: [{ listId: list.id, status: "active", subscribedAt: 5, fields: { 9: "x" } }],
      tags: [tag?.tagId],
    });
  });

  it("changes what is given of those that exist when it updates, and never their status", async () => {
    const list = await given();
    const own = { all: { 7: "a" }, list: { 9: "b" } };
    await done(list.id, {
      contacts: [write("ann@example.com", { firstName: "Ann", fields: own })],
    });
    const card = await findContact(DB, { email: "ann@example.com" });
    const place = { listId: list.id, contactId: card?.contact.id ?? 0 };
    const change = {
      status: "unsubscribed",
      subscribeIp: null,
      confirmed: true,
      emailFormat: null,
      fields: {},
    } as const;
    expect(await changeMembership(DB, place, change)).toBe(true);
    const fields = { all: { 8: "c" }, list: { 9: "d" } };
    const contacts = [write("ann@example.com", { lastName: "Lee", fields })];
    await done(list.id, { update: true, contacts }, 9);
    expect(await findContact(DB, { email: "ann@example.com" })).toMatchObject({
      contact: { firstName: "Ann", lastName: "Lee", fields: { 7: "a", 8: "c" }, updatedAt: 9 },
      memberships: [{ status: "unsubscribed", confirmed: true, fields: { 9: "d" } }],
    });
  });

  it("is written once, by however many", async () => {
    const list = await given();
    const contacts = Array.from({ length: 100 }, (_, n) => write(`p${n}@example.com`));
    await insertJob(DB, list.id, { update: true, tagIds: [], defaults: none, contacts }, 5);
    expect(await countOf("contact_jobs")).toBe(1);
    const job = await nextJob(DB, 0);
    if (!job) throw new Error("no job");
    await Promise.all([writeJob(DB, job, 5), writeJob(DB, job, 6)]);
    expect(await nextJob(DB, 0)).toBeNull();
    await writeJob(DB, job, 7);
    expect([await countOf("contacts"), await countOf("memberships")]).toEqual([100, 100]);
    const card = await findContact(DB, { email: "p7@example.com" });
    expect(card?.contact.updatedAt).toBe(card?.contact.createdAt);
  });
});

describe("subscribers", () => {
  it("come by key, 2 rows read each, however many there are", async () => {
    const list = await given();
    const contacts = Array.from({ length: 100 }, (_, n) => write(`p${n}@example.com`));
    await done(list.id, { contacts });
    const after =
      (await listSubscribers(DB, list.id, { after: 0, limit: 60 })).at(-1)?.contact.id ?? 0;
    const page = await listSubscribers(DB, list.id, { after, limit: 30 });
    expect(page.map(({ contact }) => contact.email)).toEqual(
      contacts.slice(60, 90).map(({ email }) => email),
    );
    const ids = page.slice(0, 1).map(({ contact }) => contact.id);
    const some = await findSubscribers(DB, list.id, {
      ids,
      emails: ["p1@example.com", "no@example.com"],
    });
    expect(some.map(({ contact }) => contact.email)).toEqual(["p1@example.com", "p60@example.com"]);
    expect(await leaveList(DB, { listId: list.id, contactId: after })).toBe(true);
    expect(await leaveList(DB, { listId: list.id, contactId: after })).toBe(false);
  });

  it("are gone with their list, some at a time, and with the contact", async () => {
    const [list, other] = [await given(), await given("Other")];
    await done(list.id, { contacts: [write("a@example.com"), write("b@example.com")] });
    await done(other.id, { contacts: [write("a@example.com")] });
    expect([await deleteList(DB, list.id, 9), await deleteList(DB, list.id, 9)]).toEqual([
      true,
      false,
    ]);
    expect([await placesLeft(DB), await removePlaces(DB), await placesLeft(DB)]).toEqual([
      true,
      2,
      false,
    ]);
    expect(await findContact(DB, { email: "a@example.com" })).toMatchObject({
      memberships: [{ listId: other.id }],
    });
    const gone = { email: "a@example.com", createdBefore: 6 };
    expect(await deleteContact(DB, { ...gone, createdBefore: 5 })).toBe(false);
    expect([await deleteContact(DB, gone), await deleteContact(DB, gone)]).toEqual([true, false]);
    expect([await countOf("contacts"), await countOf("memberships")]).toEqual([1, 0]);
  });
});

describe("a list", () => {
  it("is found by its decimal id, its list_id and its name without case, the oldest first", async () => {
    const [first, second] = [await given("Weekly News"), await given("weekly news")];
    const third = await given(String(first.id));
    const names = [String(first.id), second.listId.toUpperCase(), "WEEKLY NEWS", "monthly"];
    const found = await Promise.all(names.map((name) => findList(DB, name)));
    expect(found.map((list) => list?.id ?? null)).toEqual([first.id, second.id, first.id, null]);
    const summer = await given("Été en Île-de-France");
    for (const name of ["Été en Île-de-France", "ÉtÉ EN ÎLE-DE-FRANCE"]) {
      const found = await findList(DB, name);
      expect(found?.id ?? null).toBe(name.startsWith("Été") ? summer.id : null);
    }
    await deleteList(DB, first.id, 9);
    expect((await findList(DB, "weekly news"))?.id).toBe(second.id);
    expect((await findList(DB, String(first.id)))?.id).toBe(third.id);
  });

  it("is filtered by a part of its name in which % and _ mean themselves", async () => {
    for (const name of ["100% off", "a_b", "aXb", "Émile"]) await given(name);
    const names = async (name: string) =>
      (
        await listLists(DB, { name, status: "active" }, { after: 0, offset: 0, limit: 10 })
      ).lists.map((list) => list.name);
    expect(await names("%")).toEqual(["100% off"]);
    expect(await names("A_B")).toEqual(["a_b"]);
    expect(await names("")).toHaveLength(4);
  });
});

describe("work on few of many", () => {
  it("reads what it is about, and not the list", async () => {
    const list = await given();
    const tag = await insertTag(DB, { tagId: newTagId(), name: "friends", createdAt: 1 });
    const many = Array.from({ length: 2_000 }, (_, n) => write(`p${n}@example.com`));
    const tagIds = [tag?.id ?? 0];
    await done(list.id, { contacts: many, tagIds });
    const { db, rowsRead, reset } = faultyD1(DB);
    const cost = async (work: () => Promise<unknown>) => {
      reset();
      await work();
      return rowsRead();
    };
    const own = { all: {}, list: { 9: "b" } };
    const few = many.slice(7, 17).map((contact) => ({ ...contact, fields: own }));
    await insertJob(DB, list.id, { update: true, tagIds, defaults: none, contacts: few }, 9);
    expect(await cost(() => writeJobs(db, 9))).toBeLessThan(10 * 20);
    const [ann] = await listContacts(DB, { after: 0, limit: 1 });
    const id = ann?.id ?? 0;
    const costs = [
      await cost(() => listContacts(db, { after: id + 900, limit: 10 })),
      await cost(() => listSubscribers(db, list.id, { after: id + 900, limit: 10 })),
      await cost(() =>
        pageSubscribers(db, list.id, {
          after: id + 900,
          upTo: id + 1_999,
          from: 0,
          to: 9,
          limit: 10,
        }),
      ),
      await cost(() => findContact(db, { email: "p3@example.com" })),
      await cost(() => deleteContact(db, { id })),
    ];
    expect(costs.filter((rows) => rows > 10 * 10)).toEqual([]);
    expect(await findContact(DB, { email: "p7@example.com" })).toMatchObject({
      memberships: [{ fields: { 9: "b" } }],
    });
  });
});

describe("a custom field", () => {
  it("of all lists and one of one list never have the same name", async () => {
    const list = await given();
    const about = {
      type: "text",
      required: false,
      defaultValue: "",
      options: [],
      extras: {},
    } as const;
    const make = (name: string, listId: number | null) =>
      insertField(DB, { ...about, customId: newHexId(), listId, name, createdAt: 1 });
    const everywhere = await make("city", null);
    const own = await make("size", list.id);
    expect([await make("City", list.id), await make("SIZE", null)]).toEqual([null, null]);
    const same = { required: null, defaultValue: null, options: null, extras: null, status: null };
    const rename = (id: number, name: string) => changeField(DB, id, { ...same, name, now: 2 });
    expect([await rename(everywhere?.id ?? 0, "Size"), await rename(own?.id ?? 0, "CITY")]).toEqual(
      [null, null],
    );
    expect((await rename(own?.id ?? 0, "Size"))?.name).toBe("Size");
  });
});

// /v1/contacts: the people of all lists: add one, see, change, take from a list, delete (F-215, decision 17).
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { addressKey, parseAddress } from "../../model/address.ts";
import { contactWrite, defaultsOf, MEMBERSHIP_STATUSES } from "../../model/contact.ts";
import type { CustomField } from "../../model/custom-field.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  changeContact,
  changeMembership,
  type ContactCard,
  findContact,
  leaveList,
  listContacts,
} from "../../store/contact.ts";
import { writeNow } from "../../store/contact-job.ts";
import { deleteContact } from "../../store/contact-removal.ts";
import { fieldsOfList } from "../../store/custom-field.ts";
import { twice } from "../../store/db.ts";
import { setTags, tagsAmong } from "../../store/tag.ts";
import { type Answer, endpoint } from "../endpoint.ts";
import { contactItemView, contactView, shownCards, shownContacts } from "./contact-fields.ts";
import { named } from "./lists.ts";
import { dataOf, idCursor, limitParameter, numbered, one, page, pageOf } from "./native.ts";

/** Tags of one request, and custom fields in one. */
const MAX_GIVEN = 100;

const fieldsGiven = z.record(z.string(), z.unknown(), "must be an object: name of a field → value");

const tagsGiven = z.array(z.string(), "must be a list of tag ids").max(MAX_GIVEN);

const newContact = z.object({
  email: z.string("must be an address").meta({ examples: ["you@example.com"] }),
  first_name: z.string("must be text").optional(),
  last_name: z.string("must be text").optional(),
  custom_fields: fieldsGiven.default({}),
  list_id: z.union([z.string(), z.number().transform(String)], "must be the id of a list"),
  tags: tagsGiven.default([]),
  update: z.boolean("must be true or false").default(false),
});

const contactAnswer = dataOf(contactView);

const create = endpoint({
  method: "POST",
  path: "/contacts",
  summary: "Put a contact on a list; with update, what is given replaces what was known",
  scope: "manage",
  request: { body: newContact },
  response: { 201: contactAnswer, 200: contactAnswer },
  async handle(app, { body }) {
    const list = await named(app, body.list_id);
    if (!list.ok) return fail(invalidField("list_id", "must be the id of a list that exists"));
    const tags = await tagsNamed(app, body.tags);
    if (!tags.ok) return tags;
    const asked = {
      email: body.email,
      firstName: body.first_name,
      lastName: body.last_name,
      fields: body.custom_fields,
    };
    const fields = await fieldsOfList(app.db, list.value.id);
    const contact = contactWrite(asked, fields);
    if (!contact.ok) return fail(invalidField(pathOf(contact.error), contact.error));
    const { email } = contact.value;
    const known = await findContact(app.db, { email });
    const job = {
      update: body.update,
      tagIds: tags.value,
      defaults: defaultsOf(fields),
      contacts: [contact.value],
    };
    await twice(() => writeNow(app.db, list.value.id, job, app.now()));
    const card = await findContact(app.db, { email });
    return answerOf(app, card, known ? 200 : 201);
  },
});

const all = endpoint({
  method: "GET",
  path: "/contacts",
  summary: "List contacts, oldest first, without their lists and tags",
  scope: "read",
  request: { query: z.object({ limit: limitParameter, cursor: idCursor }) },
  response: { 200: pageOf(contactItemView) },
  async handle(app, { query }) {
    const { limit, cursor } = query;
    const found = await listContacts(app.db, { after: cursor, limit: limit + 1 });
    const { shown, next } = numbered(found, limit, ({ id }) => id);
    return ok(page(await shownContacts(app.db, shown), next));
  },
});

const byId = z.object({ id: z.string() });

const get = endpoint({
  method: "GET",
  path: "/contacts/:id",
  summary: "Show a contact, by id or address",
  scope: "read",
  request: { params: byId },
  response: { 200: contactAnswer },
  async handle(app, { params }) {
    const card = await cardOf(app, params.id);
    return card.ok ? answerOf(app, card.value) : card;
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/contacts/:id",
  summary:
    "Change names, custom fields (null takes a value away) and tags (all of them) of a contact; the address stays",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({
      first_name: z.string("must be text").optional(),
      last_name: z.string("must be text").optional(),
      custom_fields: fieldsGiven.default({}),
      tags: tagsGiven.optional(),
      email: z.undefined("cannot be changed: delete the contact and add another").optional(),
    }),
  },
  response: { 200: contactAnswer },
  async handle(app, { params, body }) {
    const card = await cardOf(app, params.id);
    if (!card.ok) return card;
    const { contact } = card.value;
    const tags = body.tags ? await tagsNamed(app, body.tags) : ok(null);
    if (!tags.ok) return tags;
    const fields = await fieldsOfList(app.db, null);
    const asked = {
      email: contact.email,
      firstName: body.first_name,
      lastName: body.last_name,
      fields: body.custom_fields,
    };
    const given = contactWrite(
      asked,
      fields.map((field) => ({ ...field, required: false })),
    );
    if (!given.ok) return fail(invalidField(pathOf(given.error), given.error));
    const { firstName, lastName } = given.value;
    const cleared = clearedFields(body.custom_fields, fields);
    if (!cleared.ok) return cleared;
    const values = { ...given.value.fields.all, ...cleared.value };
    const changing = { firstName, lastName, fields: values, now: app.now() };
    await changeContact(app.db, contact.id, changing);
    if (tags.value) await setTags(app.db, contact.id, tags.value);
    return answerOf(app, await findContact(app.db, { id: contact.id }));
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/contacts/:id",
  summary: "Delete a contact from every list; what was sent to it stays: see /v1/recipients",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    const card = await cardOf(app, params.id);
    if (!card.ok) return card;
    const gone = await deleteContact(app.db, { id: card.value.contact.id });
    return gone ? ok({ status: 204, bytes: null }) : fail(notFound);
  },
});

const onList = z.object({ id: z.string(), contact: z.string() });

const changePlace = endpoint({
  method: "PATCH",
  path: "/lists/:id/contacts/:contact",
  summary: "Change how a contact stands to a list",
  scope: "manage",
  request: {
    params: onList,
    body: z.object({
      status: z.enum(MEMBERSHIP_STATUSES, `must be one of ${MEMBERSHIP_STATUSES.join(", ")}`),
    }),
  },
  response: { 200: contactAnswer },
  async handle(app, { params, body }) {
    const place = await placeOf(app, params);
    if (!place.ok) return place;
    const same = { subscribeIp: null, confirmed: null, emailFormat: null, fields: {} };
    const changed = await changeMembership(app.db, place.value, { ...same, status: body.status });
    if (!changed) return fail(notOnList);
    return answerOf(app, await findContact(app.db, { id: place.value.contactId }));
  },
});

const removePlace = endpoint({
  method: "DELETE",
  path: "/lists/:id/contacts/:contact",
  summary: "Take a contact from a list",
  scope: "manage",
  request: { params: onList },
  response: { 204: null },
  async handle(app, { params }) {
    const place = await placeOf(app, params);
    if (!place.ok) return place;
    const gone = await leaveList(app.db, place.value);
    return gone ? ok({ status: 204, bytes: null }) : fail(notOnList);
  },
});

/** The operations of /v1/contacts, and on who is on a list. */
export const contactEndpoints = [create, all, get, change, remove, changePlace, removePlace];

/** The numbers of tags that are named by their ids. */
async function tagsNamed(
  app: App,
  ids: readonly string[],
): Promise<Result<readonly number[], Problem>> {
  const tags = await tagsAmong(app.db, ids);
  const known = new Set(tags.map(({ tagId }) => tagId));
  return ids.every((id) => known.has(id))
    ? ok(tags.map(({ id }) => id))
    : fail(invalidField("tags", "must be ids of tags that exist"));
}

/** Fields that null or "" takes a contact's value of. */
function clearedFields(
  asked: Readonly<Record<string, unknown>>,
  fields: readonly CustomField[],
): Result<Readonly<Record<string, null>>, Problem> {
  const names = Object.entries(asked)
    .filter(([, value]) => value === null || value === "")
    .map(([name]) => name.toLowerCase());
  const cleared = fields.filter(({ name }) => names.includes(name.toLowerCase()));
  const needed = cleared.find(({ required }) => required);
  if (needed) {
    return fail(invalidField("custom_fields", `Custom field ${needed.name} is required`));
  }
  return ok(Object.fromEntries(cleared.map(({ id }) => [id, null])));
}

const notFound: Problem = { kind: "not_found", what: "this contact" };
const notOnList: Problem = { kind: "not_found", what: "this contact on this list" };

async function answerOf(
  app: App,
  card: ContactCard | null,
  status = 200,
): Promise<Result<Answer, Problem>> {
  const [shown] = await shownCards(app.db, card ? [card] : []);
  return shown ? ok(one(shown, status)) : fail(notFound);
}

/** The contact that a path names by id or address. */
async function cardOf(app: App, name: string): Promise<Result<ContactCard, Problem>> {
  const address = parseAddress(name);
  const id = /^\d{1,15}$/.test(name) ? Number(name) : null;
  const card = address.ok
    ? await findContact(app.db, { email: addressKey(address.value) })
    : id === null
      ? null
      : await findContact(app.db, { id });
  return card ? ok(card) : fail(notFound);
}

async function placeOf(
  app: App,
  params: z.output<typeof onList>,
): Promise<Result<{ listId: number; contactId: number }, Problem>> {
  const list = await named(app, params.id);
  if (!list.ok) return list;
  const card = await cardOf(app, params.contact);
  return card.ok ? ok({ listId: list.value.id, contactId: card.value.contact.id }) : card;
}

/** Which field of the request a reason is about. */
function pathOf(reason: string): string {
  if (reason.includes("custom field") || reason.startsWith("Custom field")) return "custom_fields";
  if (reason.includes("first name")) return "first_name";
  return reason.includes("last name") ? "last_name" : "email";
}

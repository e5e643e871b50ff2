// /v1/lists: make, rename, deactivate and delete lists, and see who is on one (decision 17).
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type List, MAX_LIST_NAME, MAX_LISTS, newHexId } from "../../model/list.ts";
import type { Problem } from "../../model/problem.ts";
import { listSubscribers } from "../../store/contact.ts";
import { deleteList } from "../../store/contact-removal.ts";
import { twice } from "../../store/db.ts";
import { changeList, findList, insertList, listLists } from "../../store/list.ts";
import { endpoint } from "../endpoint.ts";
import { shownSubscribers, subscriberView } from "./contact-fields.ts";
import {
  nameField,
  type NamedFilter,
  namedPage,
  type NamedPlace,
  namedQuery,
  namedStatus,
} from "./named.ts";
import {
  dataOf,
  idCursor,
  iso,
  isoTime,
  limitParameter,
  numbered,
  one,
  page,
  pageOf,
} from "./native.ts";

const byId = z.object({ id: z.string() });

const listView = z.object({
  id: z.int(),
  list_id: z.string(),
  name: z.string(),
  status: namedStatus,
  created_at: isoTime,
  updated_at: isoTime,
});

const create = endpoint({
  method: "POST",
  path: "/lists",
  summary: "Make a list",
  scope: "manage",
  request: { body: z.object({ name: nameField(MAX_LIST_NAME) }) },
  response: { 201: dataOf(listView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const list = { listId: newHexId(), name: body.name, settings: {}, createdAt: app.now() };
    const made = await twice(() => insertList(app.db, list));
    return made ? ok(one(shownList(made), 201)) : fail(tooMany);
  },
});

const all = endpoint({
  method: "GET",
  path: "/lists",
  summary: "List the lists, oldest first",
  scope: "read",
  request: { query: namedQuery },
  response: { 200: pageOf(listView) },
  handle(app, { query }) {
    const find = async (filter: NamedFilter, asked: NamedPlace) =>
      (await listLists(app.db, filter, asked)).lists;
    return namedPage(query, find, shownList);
  },
});

const get = endpoint({
  method: "GET",
  path: "/lists/:id",
  summary: "Show a list, by its id, list_id or name",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(listView) },
  async handle(app, { params }) {
    const list = await named(app, params.id);
    return list.ok ? ok(one(shownList(list.value))) : list;
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/lists/:id",
  summary:
    "Rename a list, or let it rest: an inactive one takes no contacts through the Audience API",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({
      name: nameField(MAX_LIST_NAME).optional(),
      status: namedStatus.optional(),
    }),
  },
  response: { 200: dataOf(listView) },
  async handle(app, { params, body }) {
    const list = await named(app, params.id);
    if (!list.ok) return list;
    const { name = null, status = null } = body;
    const changing = { name, status, settings: null, now: app.now() };
    const changed = await changeList(app.db, list.value.id, changing);
    return changed ? ok(one(shownList(changed))) : fail(notFound);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/lists/:id",
  summary: "Delete a list with everybody's place on it; the contacts stay",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    const list = await named(app, params.id);
    if (!list.ok) return list;
    const { id } = list.value;
    if (!(await twice(() => deleteList(app.db, id, app.now())))) return fail(notFound);
    app.background("wake_contacts_failed", app.wake.background("contacts"));
    return ok({ status: 204, bytes: null });
  },
});

const subscribers = endpoint({
  method: "GET",
  path: "/lists/:id/contacts",
  summary: "List who is on a list",
  scope: "read",
  request: { params: byId, query: z.object({ limit: limitParameter, cursor: idCursor }) },
  response: { 200: pageOf(subscriberView) },
  async handle(app, { params, query }) {
    const list = await named(app, params.id);
    if (!list.ok) return list;
    const { limit, cursor } = query;
    const asked = { after: cursor, limit: limit + 1 };
    const found = await listSubscribers(app.db, list.value.id, asked);
    const { shown, next } = numbered(found, limit, ({ contact }) => contact.id);
    return ok(page(await shownSubscribers(app.db, shown), next));
  },
});

/** The operations of /v1/lists. */
export const listEndpoints = [create, all, get, change, remove, subscribers];

const notFound: Problem = { kind: "not_found", what: "this list" };

const tooMany: Problem = {
  kind: "conflict",
  reason: `there are ${MAX_LISTS} lists; delete one first`,
};

/** The list that a path names. */
export async function named(app: App, name: string): Promise<Result<List, Problem>> {
  const list = await findList(app.db, name);
  return list ? ok(list) : fail(notFound);
}

function shownList(list: List) {
  return {
    id: list.id,
    list_id: list.listId,
    name: list.name,
    status: list.status,
    created_at: iso(list.createdAt),
    updated_at: iso(list.updatedAt),
  };
}

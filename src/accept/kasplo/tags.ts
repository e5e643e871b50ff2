// /v1/tags: make, rename, deactivate and delete the tags of contacts (decision 17).
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import type { Problem } from "../../model/problem.ts";
import { MAX_TAG_NAME, MAX_TAGS, newTagId, type Tag, TAG_STATUSES } from "../../model/tag.ts";
import { twice } from "../../store/db.ts";
import { changeTag, deleteTag, findTag, insertTag, listTags } from "../../store/tag.ts";
import { endpoint } from "../endpoint.ts";
import {
  nameField,
  type NamedFilter,
  namedPage,
  type NamedPlace,
  namedQuery,
  namedStatus,
} from "./named.ts";
import { dataOf, iso, isoTime, one, pageOf } from "./native.ts";

const byId = z.object({ id: z.string() });

const tagView = z.object({
  id: z.string(),
  tag_id: z.string().describe("The same as id"),
  name: z.string(),
  status: z.enum(TAG_STATUSES),
  created_at: isoTime,
  modified_at: isoTime,
});

const create = endpoint({
  method: "POST",
  path: "/tags",
  summary: "Make a tag",
  scope: "manage",
  request: { body: z.object({ name: nameField(MAX_TAG_NAME) }) },
  response: { 201: dataOf(tagView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const tag = { tagId: newTagId(), name: body.name, createdAt: app.now() };
    const made = await twice(() => insertTag(app.db, tag));
    return made ? ok(one(shownTag(made), 201)) : fail(taken);
  },
});

const all = endpoint({
  method: "GET",
  path: "/tags",
  summary: "List the tags, oldest first",
  scope: "read",
  request: { query: namedQuery },
  response: { 200: pageOf(tagView) },
  handle(app, { query }) {
    const find = async (filter: NamedFilter, asked: NamedPlace) =>
      (await listTags(app.db, filter, asked)).tags;
    return namedPage(query, find, shownTag);
  },
});

const get = endpoint({
  method: "GET",
  path: "/tags/:id",
  summary: "Show a tag",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(tagView) },
  async handle(app, { params }) {
    const tag = await findTag(app.db, params.id);
    return tag ? ok(one(shownTag(tag))) : fail(notFound);
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/tags/:id",
  summary: "Rename a tag, or let it rest",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({ name: nameField(MAX_TAG_NAME).optional(), status: namedStatus.optional() }),
  },
  response: { 200: dataOf(tagView) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const changing = { name: body.name ?? null, status: body.status ?? null, now: app.now() };
    const changed = await changeTag(app.db, params.id, changing);
    if (changed) return ok(one(shownTag(changed)));
    return fail((await findTag(app.db, params.id)) ? taken : notFound);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/tags/:id",
  summary: "Delete a tag and take it from every contact",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    const gone = await deleteTag(app.db, params.id);
    return gone ? ok({ status: 204, bytes: null }) : fail(notFound);
  },
});

/** The operations of /v1/tags. */
export const tagEndpoints = [create, all, get, change, remove];

const notFound: Problem = { kind: "not_found", what: "this tag" };

const taken: Problem = {
  kind: "conflict",
  reason: `there is a tag of this name, or there are ${MAX_TAGS} tags; choose another name or delete one`,
};

function shownTag(tag: Tag) {
  return {
    id: tag.tagId,
    tag_id: tag.tagId,
    name: tag.name,
    status: tag.status,
    created_at: iso(tag.createdAt),
    modified_at: iso(tag.modifiedAt),
  };
}

// The Audience API (E-04…E-07): lists, custom fields and tags to read, contacts to add.
import type { App } from "../../app.ts";
import { sameBytes } from "../../lib/digest.ts";
import { utf8 } from "../../lib/bytes.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { sidOf } from "../../model/account-id.ts";
import { defaultsOf } from "../../model/contact.ts";
import type { Key } from "../../model/key.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { contactsAmong } from "../../store/contact.ts";
import { insertJob } from "../../store/contact-job.ts";
import { fieldsOfList, listFields } from "../../store/custom-field.ts";
import { listByListId, listLists } from "../../store/list.ts";
import { listTags, tagsAmong } from "../../store/tag.ts";
import { keyOf, unauthorized } from "../authenticate.ts";
import { type Credentials, type Dialect, endpoint } from "../endpoint.ts";
import {
  envelope,
  report,
  shownField,
  shownList,
  shownTag,
  sortContacts,
  tagEnvelope,
  withoutExisting,
} from "./map.ts";
import { audienceProblem } from "./problem.ts";
import {
  contactBody,
  contactReport,
  fieldPage,
  listPage,
  MAX_CONTACT_BYTES,
  pageQuery,
  sidParams,
  tagPage,
  tagQuery,
} from "./schema.ts";

function placeOf({ page, pageSize }: { readonly page: number; readonly pageSize: number }) {
  return { after: 0, offset: (page - 1) * pageSize, limit: pageSize };
}

const lists = endpoint({
  method: "GET",
  path: "/:sid/list",
  summary: "List the active lists (E-04)",
  scope: "read",
  request: { params: sidParams, query: pageQuery },
  response: { 200: listPage },
  async handle(app, { query }) {
    const filter = { name: query.name, status: "active" } as const;
    const found = await listLists(app.db, filter, placeOf(query));
    const json = envelope(found.lists.map(shownList), query.pageSize, found.total);
    return ok({ status: 200, json });
  },
});

const fields = endpoint({
  method: "GET",
  path: "/:sid/custom-field",
  summary: "List the active custom fields (E-05)",
  scope: "read",
  request: { params: sidParams, query: pageQuery },
  response: { 200: fieldPage },
  async handle(app, { query }) {
    const filter = { name: query.name, status: "active", listId: null } as const;
    const found = await listFields(app.db, filter, placeOf(query));
    const json = envelope(found.fields.map(shownField), query.pageSize, found.total);
    return ok({ status: 200, json });
  },
});

const tags = endpoint({
  method: "GET",
  path: "/:sid/tag",
  summary: "List the tags, active ones unless asked otherwise (E-06)",
  scope: "read",
  request: { params: sidParams, query: tagQuery },
  response: { 200: tagPage },
  async handle(app, { query }) {
    const status = query.status === "1" ? "active" : "inactive";
    const found = await listTags(app.db, { name: query.name, status }, placeOf(query));
    const json = tagEnvelope(found.tags.map(shownTag), query.pageSize, found.total);
    return ok({ status: 200, json });
  },
});

const contacts = endpoint({
  method: "POST",
  path: "/:sid/contact",
  summary: "Add up to 100 contacts to a list; those that are valid are written soon (E-07)",
  scope: "manage",
  request: { params: sidParams, body: contactBody },
  bodyLimit: MAX_CONTACT_BYTES,
  response: { 202: contactReport },
  async handle(app, { body }) {
    const list = await listByListId(app.db, body.list_id.toLowerCase());
    if (list?.status !== "active") {
      return fail(invalidField("list_id", "must be the list_id of an active list"));
    }
    const [known, fields] = await Promise.all([
      tagsAmong(app.db, body.tags),
      fieldsOfList(app.db, list.id),
    ]);
    if (body.tags.some((id) => known.every(({ tagId }) => tagId !== id))) {
      return fail(invalidField("tags", "must be tag_ids of tags that exist"));
    }
    let sorted = sortContacts(body.data, fields);
    if (!body.update_subscribers) {
      const emails = sorted.valid.map(({ contact }) => contact.email);
      sorted = withoutExisting(sorted, await contactsAmong(app.db, emails));
    }
    if (sorted.valid.length > 0) {
      const job = {
        update: body.update_subscribers,
        tagIds: known.map(({ id }) => id),
        defaults: defaultsOf(fields),
        contacts: sorted.valid.map(({ contact }) => contact),
      };
      // A job that is there twice is written twice, which is as once.
      await insertJob(app.db, list.id, job, app.now());
      app.background("wake_contacts_failed", app.wake.background("contacts"));
    }
    return ok({ status: 202, json: report(sorted) });
  },
});

/** The key of an `api-key` header, if the path names this deployment too. */
async function authenticate(
  app: App,
  { headers, params }: Credentials,
): Promise<Result<Key, Problem>> {
  const token = headers.get("api-key");
  if (!token) return fail(unauthorized("send the API key in the header api-key"));
  const key = await keyOf(app, token.trim(), "audience");
  const sid = await sidOf(app.config.encryptionKey);
  if (!sameBytes(utf8(params["sid"] ?? ""), utf8(sid))) {
    return fail(unauthorized("this sid and this API key do not belong together"));
  }
  return key;
}

/** Everything under /audience/v1. */
export const audience: Dialect = {
  name: "audience",
  base: "/audience/v1",
  security: {
    type: "apiKey",
    in: "header",
    name: "api-key",
    description: "A key of the family audience; the path names the sid that belongs to it.",
  },
  authenticate,
  problem: audienceProblem,
  endpoints: [lists, fields, tags, contacts],
};

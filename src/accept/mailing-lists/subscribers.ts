// Who is on a list: see, add and change subscribers (contract 3.6, F-215). A subscriber is a contact with a place
// on the list; one that is added here is a contact of the Audience API and of /v1 too.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok } from "../../lib/result.ts";
import { addressKey } from "../../model/address.ts";
import { type ContactAsked, contactWrite, defaultsOf } from "../../model/contact.ts";
import type { List } from "../../model/list.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  changeContact,
  changeMembership,
  findSubscribers,
  listSubscribers,
  type Subscriber,
} from "../../store/contact.ts";
import { writeNow } from "../../store/contact-job.ts";
import { fieldsOfList } from "../../store/custom-field.ts";
import { twice } from "../../store/db.ts";
import { endpoint } from "../endpoint.ts";
import { failure, success } from "./envelope.ts";
import { existing } from "./lists.ts";
import { pageQuery } from "./paging.ts";
import { listParams } from "./schema.ts";
import {
  newSubscriber,
  shownSubscribers,
  subscriberChange,
  valuesAfter,
} from "./subscriber-fields.ts";
import { answerOf, subscriberView } from "./view.ts";

/** Subscribers that are asked for by name at once (3.6). */
const MAX_NAMED = 100;

const namedParams = listParams.extend({ ids_or_emails: z.string() });

const oneView = answerOf(subscriberView);
const someView = answerOf(z.array(subscriberView));

const all = endpoint({
  method: "GET",
  path: "/mailing_lists/:mailing_list_id/subscribers",
  summary: "List who is on a list; next_page_token goes on where a page ended",
  scope: "read",
  request: {
    params: listParams,
    query: pageQuery.extend({
      page_token: z
        .string()
        .regex(/^\d{1,15}$/, "must be the next_page_token of an earlier answer")
        .transform(Number)
        .optional(),
    }),
  },
  response: {
    200: someView.extend({ per_page: z.int(), next_page_token: z.string().nullable() }),
  },
  async handle(app, { params, query }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const { page, per_page: limit, page_token: token } = query;
    const place =
      token === undefined ? { after: 0, offset: page * limit } : { after: token, offset: 0 };
    const found = await listSubscribers(app.db, list.value.id, { ...place, limit: limit + 1 });
    const some = found.slice(0, limit);
    const next = found.length > limit ? String(some.at(-1)?.contact.id) : null;
    const data = await shown(app, list.value, some);
    return ok(success(data, { per_page: limit, next_page_token: next }));
  },
});

const get = endpoint({
  method: "GET",
  path: "/mailing_lists/:mailing_list_id/subscribers/:ids_or_emails",
  summary: "Show subscribers by their numbers or addresses, separated by commas; at most 100",
  scope: "read",
  request: { params: namedParams },
  response: { 200: someView },
  problems: ["malformed_body"],
  async handle(app, { params }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const names = params.ids_or_emails.split(",").map((name) => name.trim());
    if (names.length > MAX_NAMED) {
      const message = `at most ${MAX_NAMED} subscribers may be asked for at once`;
      return ok(failure(400, "requested_too_many", message));
    }
    const found = await named(app, list.value, names);
    return found.length > 0 ? ok(success(await shown(app, list.value, found))) : fail(nobody);
  },
});

const create = endpoint({
  method: "POST",
  path: "/mailing_lists/:mailing_list_id/subscribers",
  summary: "Put somebody on a list",
  description: "The object stands under `subscriber`, or by itself.",
  scope: "manage",
  request: { params: listParams, body: newSubscriber },
  response: { 200: oneView },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const { id } = list.value;
    const asked: ContactAsked = {
      email: body.email,
      firstName: undefined,
      lastName: undefined,
      fields: body.custom_fields ?? {},
    };
    const fields = await fieldsOfList(app.db, id);
    const contact = contactWrite(asked, fields);
    if (!contact.ok) return fail(refusal(contact.error));
    const { email } = contact.value;
    if ((await named(app, list.value, [email])).length > 0) return fail(taken);
    const now = app.now();
    await twice(() =>
      writeNow(
        app.db,
        id,
        { update: true, tagIds: [], defaults: defaultsOf(fields), contacts: [contact.value] },
        now,
      ),
    );
    const [made] = await named(app, list.value, [email]);
    if (!made) return fail(nobody);
    await changeMembership(app.db, placeOf(list.value, made), { ...changesOf(body), fields: {} });
    return answered(app, list.value, email);
  },
});

const change = endpoint({
  method: "PUT",
  path: "/mailing_lists/:mailing_list_id/subscribers/:ids_or_emails",
  summary: "Change what is named of a subscriber; the address stays as it is",
  description: "The object stands under `subscriber`, or by itself.",
  scope: "manage",
  request: { params: namedParams, body: subscriberChange },
  response: { 200: oneView },
  async handle(app, { params, body }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const [subscriber] = await named(app, list.value, [params.ids_or_emails]);
    if (!subscriber) return fail(nobody);
    const { email } = subscriber.contact;
    if (body.email !== undefined && addressKey(body.email) !== email) {
      return fail(invalidField("email", "may not change; add another subscriber"));
    }
    const fields = await fieldsOfList(app.db, list.value.id);
    const values = valuesAfter(body.custom_fields ?? {}, fields);
    if (!values.ok) return values;
    const { id } = subscriber.contact;
    const names = { firstName: null, lastName: null };
    await changeContact(app.db, id, { ...names, fields: values.value.all, now: app.now() });
    const place = placeOf(list.value, subscriber);
    await changeMembership(app.db, place, { ...changesOf(body), fields: values.value.list });
    return answered(app, list.value, email);
  },
});

/** The operations of subscribers. */
export const subscriberEndpoints = [all, get, create, change];

const nobody: Problem = { kind: "not_found", what: "this subscriber" };
const taken: Problem = { kind: "conflict", reason: "email has already been taken" };

/** The words of the Audience API begin with what is wrong. */
function refusal(error: string): Problem {
  return invalidField(/email/i.test(error) ? "email" : "custom_fields", `is refused: ${error}`);
}

function placeOf({ id }: List, { contact }: Subscriber) {
  return { listId: id, contactId: contact.id };
}

/** What of a place a request changes; what it does not name stays. */
function changesOf(body: Pick<z.output<typeof subscriberChange>, PlaceKeys>) {
  return {
    status: body.status ?? null,
    subscribeIp: body.subscribe_ip ?? null,
    confirmed: body.confirmed ?? null,
    emailFormat: body.email_format ?? null,
  };
}

type PlaceKeys = "status" | "subscribe_ip" | "confirmed" | "email_format";

/** Those subscribers that have one of these numbers or addresses. */
function named(app: App, list: List, names: readonly string[]): Promise<readonly Subscriber[]> {
  const isId = (name: string) => /^\d{1,15}$/.test(name);
  const ids = names.filter(isId).map(Number);
  const emails = names.filter((name) => !isId(name)).map(addressKey);
  return findSubscribers(app.db, list.id, { ids, emails });
}

async function shown(app: App, list: List, subscribers: readonly Subscriber[]) {
  return shownSubscribers(list, subscribers, await fieldsOfList(app.db, list.id));
}

async function answered(app: App, list: List, email: string) {
  const [data] = await shown(app, list, await named(app, list, [email]));
  return data ? ok(success(data)) : fail(nobody);
}

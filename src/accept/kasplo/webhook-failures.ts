// /v1/webhooks/:id/failures: what an endpoint has not got, and how the last try of it went.
import * as z from "zod";
import type { App } from "../../app.ts";
import { isUuidv7 } from "../../lib/id.ts";
import { headersOf } from "../../lib/post-webhook.ts";
import { fail, ok } from "../../lib/result.ts";
import type { LastTry, WebhookEntry } from "../../model/webhook.ts";
import type { Key } from "../../model/key.ts";
import { refusalOf } from "../../model/permission.ts";
import { findWebhook } from "../../store/webhook.ts";
import { findFailure, listFailures, type WebhookFailure } from "../../store/webhook-failure.ts";
import { findEvent } from "../../store/webhook-replay.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, maybeTime, one, page, pageOf } from "./native.ts";
import { byId, NO_WEBHOOK } from "./webhook-fields.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** What `shownFailure` makes. */
export const failureView = z.object({
  event_id: z.string(),
  event: z.string(),
  at: isoTime,
  tries: z.int(),
  next_try_at: maybeTime,
  last_error: z.string(),
  exhausted: z.boolean(),
});

const triedView = failureView.extend({
  body: z.string().describe("What each try posts, byte for byte"),
  request: z
    .object({ at: isoTime, url: z.string(), headers: z.record(z.string(), z.string()) })
    .nullable()
    .describe("The last try, without its signature; null when nothing was sent"),
  answer: z
    .object({ status: z.int(), ms: z.number(), body: z.string() })
    .nullable()
    .describe("What came back, at most 1,000 characters of it; null when nothing came"),
});

const list = endpoint({
  method: "GET",
  path: "/webhooks/:id/failures",
  summary: "List the events that wait for another try or are exhausted",
  scope: "read",
  request: {
    params: byId,
    query: z.object({
      order: z.enum(["asc", "desc"], { error: "must be asc or desc" }).default("asc"),
      limit: z.coerce
        .number({ error: `must be a whole number from 1 to ${MAX_PAGE}` })
        .int()
        .min(1)
        .max(MAX_PAGE)
        .default(DEFAULT_PAGE),
      cursor: z
        .string()
        .regex(/^[0-9a-f-]{36}:\d{1,6}$/, { error: "must be a next_cursor of this list" })
        .transform((text) => ({ jobId: text.slice(0, 36), index: Number(text.slice(37)) }))
        .optional(),
    }),
  },
  response: { 200: pageOf(failureView) },
  async handle(app, { params, query: { order, limit, cursor } }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(NO_WEBHOOK);
    const asked = { webhookId: webhook.id, order, after: cursor ?? null, limit };
    const { failures, next } = await listFailures(app.db, asked);
    return ok(page(failures.map(shownFailure), next && `${next.jobId}:${next.index}`));
  },
});

const read = endpoint({
  method: "GET",
  path: "/webhooks/:id/failures/:event_id",
  summary: "Show an event that was not taken: what was posted last, and what came back",
  description: "For people it takes what `/v1/events` takes, too, as it tells of a recipient.",
  scope: "read",
  request: { params: byId.extend({ event_id: z.string() }) },
  response: { 200: dataOf(triedView) },
  async handle(app, { params: { id, event_id: eventId }, key, session }) {
    const refused = session && refusalOf(session.user, { resource: "events", access: "read" });
    const refusal = refused ?? (await classRefusal(app, key, eventId));
    if (refusal) return fail({ kind: "not_permitted", reason: refusal });
    const failure = await findFailure(app.db, { webhookId: id, eventId });
    if (!failure) return fail({ kind: "not_found", what: "this failure" });
    const { body, last } = failure.entry;
    const data = { ...shownFailure(failure), body, ...shownTry(failure.entry, last ?? null) };
    return ok(one(data));
  },
});

/** The operations on failures. */
export const webhookFailureEndpoints: readonly Endpoint[] = [list, read];

/** An event that an endpoint has not got. */
export function shownFailure({ entry, tries, dueAt }: WebhookFailure) {
  return {
    event_id: entry.id,
    event: entry.event,
    at: iso(entry.at),
    tries,
    next_try_at: iso(dueAt),
    last_error: entry.error,
    exhausted: dueAt === null,
  };
}

/** Why somebody who is bound to a mail class may not see an event; null when they may. */
async function classRefusal(
  app: App,
  { mailClass: only }: Key,
  eventId: string,
): Promise<string | null> {
  if (only === null) return null;
  const event = isUuidv7(eventId) ? await findEvent(app.db, eventId) : null;
  return event?.mailClass === only ? null : `you are kept to ${only} mail; this event is not of it`;
}

function shownTry({ id }: WebhookEntry, last: LastTry | null) {
  if (last === null) return { request: null, answer: null };
  const { at, url, status, ms, answer } = last;
  return {
    request: { at: iso(at), url, headers: headersOf({ id, timestamp: Math.floor(at / 1000) }) },
    answer: status === null ? null : { status, ms, body: answer },
  };
}

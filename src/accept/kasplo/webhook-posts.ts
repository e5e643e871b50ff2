// /v1/webhooks/:id/test, /failures and /replay: what an endpoint got, did not get, and gets once more.
import * as z from "zod";
import type { App } from "../../app.ts";
import { isUuidv7 } from "../../lib/id.ts";
import { checkUrl } from "../../lib/public-address.ts";
import { postWebhook } from "../../lib/post-webhook.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type DeliveryEvent, EVENT_NAMES, type EventName } from "../../model/event.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  SECRET_LOST,
  signingSecrets,
  type Webhook,
  type WebhookEntry,
} from "../../model/webhook.ts";
import { entriesFor } from "../../notify/payload/format.ts";
import { kasploEntry } from "../../notify/payload/kasplo.ts";
import { lettersOf } from "../../store/message.ts";
import { findWebhook } from "../../store/webhook.ts";
import {
  findEvent,
  insertReplay,
  insertRetry,
  listFailures,
  retryKept,
  type WebhookFailure,
} from "../../store/webhook-replay.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, maybeTime, pageOf } from "./native.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** The last millisecond of the year 9999; ISO 8601 dates of four digits end there. */
const MAX_TIME = 253_402_300_799_999;

const byId = z.object({ id: z.string() });

const testView = z.object({
  ok: z.boolean(),
  status: z.int().nullable(),
  ms: z.number(),
  error: z.string().nullable(),
  event_id: z.string(),
  event: z.string(),
});

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

const replayView = z.object({
  result: z.literal("queued"),
  event_id: z.string().optional(),
  from: isoTime.optional(),
  to: isoTime.optional(),
});

const test = endpoint({
  method: "POST",
  path: "/webhooks/:id/test",
  summary: "Post a sample event at once and tell what the receiver answered",
  scope: "manage",
  request: { params: byId },
  response: { 200: dataOf(testView) },
  async handle(app, { params }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(notFound);
    const entry = await sampleFor(webhook, { id: app.newId(), now: app.now() });
    const about = { event_id: entry.id, event: entry.event };
    const refused = (error: string) => {
      const data = { ok: false, status: null, ms: 0, error, ...about };
      return ok({ status: 200, json: { data } });
    };
    const judged = await checkUrl(app, webhook.url);
    if (!judged.ok) return refused(judged.error.reason);
    const secrets = await signingSecrets(app.config.encryptionKey, webhook, app.now());
    if (secrets.length === 0) return refused(SECRET_LOST);
    const { id, body } = entry;
    const { status, error, ms } = await postWebhook(app, { url: webhook.url, secrets, id, body });
    const data = { ok: error === null, status, ms, error, ...about };
    return ok({ status: 200, json: { data } });
  },
});

const failures = endpoint({
  method: "GET",
  path: "/webhooks/:id/failures",
  summary: "List the events that wait for another try or are exhausted",
  scope: "read",
  request: {
    params: byId,
    query: z.object({
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
  async handle(app, { params, query }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(notFound);
    const page = { webhookId: webhook.id, after: query.cursor ?? null, limit: query.limit };
    const { failures, next } = await listFailures(app.db, page);
    const next_cursor = next && `${next.jobId}:${next.index}`;
    return ok({ status: 200, json: { data: failures.map(shownFailure), next_cursor } });
  },
});

const time = z
  .union(
    [
      z.number().int().min(0).max(MAX_TIME),
      z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
    ],
    { error: "must be an ISO 8601 time such as 2025-02-07T06:07:14Z, or epoch milliseconds" },
  )
  .optional();

const replay = endpoint({
  method: "POST",
  path: "/webhooks/:id/replay",
  summary: "Post one event, or all of a period, once more with the same webhook-id",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({ event_id: z.string().optional(), from: time, to: time }),
  },
  response: { 202: dataOf(replayView) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(notFound);
    if (webhook.state === "disabled") {
      return fail({ kind: "conflict", reason: "this webhook is disabled; enable it first" });
    }
    const { event_id, from, to } = body;
    const queued =
      event_id !== undefined && from === undefined && to === undefined
        ? await replayEvent(app, webhook, event_id)
        : event_id === undefined && from !== undefined && to !== undefined
          ? await replayRange(app, webhook, { from, to })
          : fail(invalidField("event_id", "give either event_id, or from and to"));
    if (!queued.ok) return queued;
    app.background("webhook.wake", app.wakeTail(webhook.id));
    return ok({ status: 202, json: { data: { result: "queued", ...queued.value } } });
  },
});

/** The operations that post or tell of posts. */
export const webhookPostEndpoints: readonly Endpoint[] = [test, failures, replay];

const notFound: Problem = { kind: "not_found", what: "this webhook" };

type Queued = Result<Readonly<Record<string, string>>, Problem>;

async function replayEvent(app: App, webhook: Webhook, eventId: string): Promise<Queued> {
  if (!isUuidv7(eventId)) return fail({ kind: "not_found", what: "this event" });
  const ask = { webhookId: webhook.id, jobId: app.newId(), now: app.now() };
  if (await retryKept(app.db, { ...ask, eventId })) return ok({ event_id: eventId });
  const event = await findEvent(app.db, eventId);
  if (!event) return fail({ kind: "not_found", what: "this event" });
  const letters = await lettersOf(app.db, [event.messageId]);
  const entries = await entriesFor(webhook, event, letters);
  const entry = entries.find(({ id }) => id === eventId);
  if (!entry) {
    const reason = `this webhook does not subscribe to ${event.name}`;
    return fail({ kind: "conflict", reason });
  }
  await insertRetry(app.db, { ...ask, entry });
  return ok({ event_id: eventId });
}

async function replayRange(
  app: App,
  webhook: Webhook,
  range: { readonly from: number; readonly to: number },
): Promise<Queued> {
  if (range.from > range.to) return fail(invalidField("from", "must not be later than to"));
  const ask = { webhookId: webhook.id, jobId: app.newId(), now: app.now() };
  await insertReplay(app.db, { ...ask, ...range });
  return ok({ from: iso(range.from), to: iso(range.to) });
}

/** An event that an endpoint has not got. */
export function shownFailure(failure: WebhookFailure) {
  return {
    event_id: failure.id,
    event: failure.event,
    at: iso(failure.at),
    tries: failure.tries,
    next_try_at: iso(failure.dueAt),
    last_error: failure.error,
    exhausted: failure.dueAt === null,
  };
}

const SAMPLE_VISIT = { ip: "192.0.2.1", userAgent: "Mozilla/5.0 (sample)", machine: false };

const SAMPLE_LETTER = {
  from: { address: "sender@example.com", name: "Sample" },
  subject: "A sample",
};

/** The entry of an event that never happened, of a kind that the endpoint subscribes to. */
async function sampleFor(
  webhook: Webhook,
  about: { readonly id: string; readonly now: number },
): Promise<WebhookEntry> {
  const letters = new Map([[about.id, SAMPLE_LETTER]]);
  for (const name of EVENT_NAMES) {
    const [entry] = await entriesFor(webhook, sampleEvent(name, about), letters);
    if (entry) return entry;
  }
  // It waits for what only a real send comes to.
  return kasploEntry(sampleEvent("delivery_attempt", about));
}

/** An event that never happened, recognisable by its addresses (RFC 2606) and its tag. */
function sampleEvent(
  name: EventName,
  about: { readonly id: string; readonly now: number },
): DeliveryEvent {
  const base = {
    id: about.id,
    at: about.now,
    messageId: about.id,
    position: 0,
    email: "recipient@example.com",
    tags: "webhook-test",
    sendId: "webhook-test",
    listId: "webhook-test",
  };
  const refused = "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 No such user\n";
  switch (name) {
    case "delivery_attempt":
      return {
        ...base,
        name,
        from: "sender@example.com",
        injectedAt: about.now,
        text: "192.0.2.1 accepted message.\nRemote host said: 250 2.0.0 OK\n",
        status: "success",
      };
    case "bounce_all":
    case "bounce_bad_address":
      return { ...base, name, bounceType: "h", bounceCode: 10, text: refused };
    case "open":
      return { ...base, ...SAMPLE_VISIT, name };
    case "click":
      return { ...base, ...SAMPLE_VISIT, name, url: "https://example.com/" };
    case "unsubscribe":
    case "spam_complaint":
      return { ...base, name };
  }
}

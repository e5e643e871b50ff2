// /v1/webhooks: the endpoints that a customer is told through (decisions 2, 4, 5, 17, 19). Settings are
// stored here; posting is the tail's, which is only woken.
import * as z from "zod";
import type { App } from "../../app.ts";
import { checkUrl } from "../../lib/public-address.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { seal } from "../../lib/seal.ts";
import { makeWebhookSecret } from "../../lib/standard-webhooks.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  FORMAT_EVENTS,
  MAX_WEBHOOKS,
  ROTATION_MS,
  sealPurpose,
  type Webhook,
  type WebhookEvent,
  type WebhookFormat,
} from "../../model/webhook.ts";
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  rotateSecret,
  updateWebhook,
} from "../../store/webhook.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, maybeTime, one, page, pageOf } from "./native.ts";
import { webhookFailureEndpoints } from "./webhook-failures.ts";
import { byId, eventName, formatName, NO_WEBHOOK } from "./webhook-fields.ts";
import { webhookReplayEndpoints } from "./webhook-replays.ts";
import { webhookTestEndpoints } from "./webhook-test.ts";

/** A resolver that does not answer is usually back by then. */
const DNS_RETRY_SECONDS = 5;

const url = z
  .string({ error: "is required: an https:// or http:// URL" })
  .meta({ examples: ["https://example.com/hook"] });

const events = z
  .array(eventName, {
    error: "must be an array of event names; leave it out for all events",
  })
  .min(1, { error: "must name at least one event; leave it out for all events" });

const state = z.enum(["enabled", "disabled"], { error: "must be enabled or disabled" });

const webhookView = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(eventName).nullable(),
  format: formatName,
  state: z.enum(["enabled", "disabled"]),
  disabled_reason: z.string().nullable(),
  failing_since: maybeTime,
  created_at: isoTime,
  updated_at: isoTime,
  previous_secret_until: maybeTime.describe(
    "Until then the secret before the last rotation signs too",
  ),
  warning: z.string().optional(),
});

const create = endpoint({
  method: "POST",
  path: "/webhooks",
  summary: "Create a webhook endpoint; the answer holds its secret, once",
  scope: "manage",
  request: {
    body: z.object({
      url,
      events: events.nullable().optional(),
      format: formatName.default("kasplo"),
    }),
  },
  response: { 201: dataOf(webhookView.extend({ secret: z.string() })) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const chosen = eventsOf(body.format, body.events ?? null);
    if (!chosen.ok) return chosen;
    const refused = await refusedUrl(app, body.url);
    if (refused) return fail(refused);
    const id = app.newId();
    const secret = makeWebhookSecret();
    const webhook = await insertWebhook(
      app.db,
      {
        id,
        url: body.url,
        events: chosen.value,
        format: body.format,
        sealedSecret: await seal(app.config.encryptionKey, sealPurpose(id), secret),
        createdAt: app.now(),
      },
      MAX_WEBHOOKS,
    );
    if (!webhook) {
      return fail({ kind: "conflict", reason: `there are ${MAX_WEBHOOKS} webhooks, the most` });
    }
    const data = { ...view(webhook, app.now()), secret, ...warningOf(webhook) };
    return ok(one(data, 201));
  },
});

const list = endpoint({
  method: "GET",
  path: "/webhooks",
  summary: "List the webhook endpoints, oldest first",
  scope: "read",
  request: {},
  response: { 200: pageOf(webhookView) },
  async handle(app) {
    const webhooks = await listWebhooks(app.db);
    const now = app.now();
    const data = webhooks.map((webhook) => view(webhook, now));
    return ok(page(data, null));
  },
});

const read = endpoint({
  method: "GET",
  path: "/webhooks/:id",
  summary: "Show a webhook endpoint",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(webhookView) },
  async handle(app, { params }) {
    return shown(await findWebhook(app.db, params.id), app.now());
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/webhooks/:id",
  summary: "Change URL, events or state; enabling starts with the events that happen from then on",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({
      url: url.optional(),
      events: events.nullable().optional(),
      state: state.optional(),
    }),
  },
  response: { 200: dataOf(webhookView) },
  async handle(app, { params, body }) {
    const known = body.events ? await findWebhook(app.db, params.id) : null;
    const chosen = known && eventsOf(known.format, body.events ?? null);
    if (chosen && !chosen.ok) return chosen;
    const refused = body.url === undefined ? null : await refusedUrl(app, body.url);
    if (refused) return fail(refused);
    const changing = { ...body, ...(chosen?.ok ? { events: chosen.value } : {}) };
    const changed = await updateWebhook(app.db, { ...changing, id: params.id, now: app.now() });
    if (changed) app.background("webhook.wake", app.wakeTail(changed.id));
    return shown(changed, app.now());
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/webhooks/:id",
  summary: "Delete a webhook endpoint and everything that waits for it",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    if (!(await deleteWebhook(app.db, params.id))) return fail(NO_WEBHOOK);
    // Its object finds the row gone and deletes what it remembers.
    app.background("webhook.wake", app.wakeTail(params.id));
    return ok({ status: 204, bytes: null });
  },
});

const rotate = endpoint({
  method: "POST",
  path: "/webhooks/:id/rotate",
  summary: "Make a new secret, shown once; the old one signs too for 24 hours",
  scope: "manage",
  request: { params: byId },
  response: {
    200: dataOf(webhookView.extend({ secret: z.string(), previous_secret_until: isoTime })),
  },
  async handle(app, { params }) {
    const now = app.now();
    const secret = makeWebhookSecret();
    const purpose = sealPurpose(params.id);
    const sealedSecret = await seal(app.config.encryptionKey, purpose, secret);
    const previousUntil = now + ROTATION_MS;
    const rotated = await rotateSecret(app.db, { id: params.id, sealedSecret, previousUntil, now });
    if (!rotated) return fail(NO_WEBHOOK);
    const data = { ...view(rotated, now), secret, previous_secret_until: iso(previousUntil) };
    return ok(one(data));
  },
});

/** The operations of /v1/webhooks. */
export const webhookEndpoints: readonly Endpoint[] = [
  create,
  list,
  // Before the operations on one webhook, whose id could be `samples`.
  ...webhookTestEndpoints,
  read,
  change,
  remove,
  rotate,
  ...webhookFailureEndpoints,
  ...webhookReplayEndpoints,
];

/** The events that an endpoint subscribes to, in the words of its format and their order. */
function eventsOf(
  format: WebhookFormat,
  names: readonly WebhookEvent[] | null,
): Result<Webhook["events"], Problem> {
  if (names === null) return ok(null);
  const known = FORMAT_EVENTS[format];
  const wrong = names.findIndex((name) => !known.includes(name));
  if (wrong < 0) return ok(known.filter((name) => names.includes(name)));
  const reason = `must be one of ${known.join(", ")} for format ${format}`;
  return fail(invalidField(`events[${wrong}]`, reason));
}

function shown(webhook: Webhook | null, now: number) {
  if (!webhook) return fail(NO_WEBHOOK);
  return ok(one({ ...view(webhook, now), ...warningOf(webhook) }));
}

/** An endpoint as people see it; never with a secret. */
function view(webhook: Webhook, now: number) {
  const { previousUntil } = webhook;
  return {
    id: webhook.id,
    url: webhook.url,
    /** Null: all. */
    events: webhook.events,
    format: webhook.format,
    state: webhook.state,
    disabled_reason: webhook.disabledReason,
    failing_since: iso(webhook.failingSince),
    created_at: iso(webhook.createdAt),
    updated_at: iso(webhook.updatedAt),
    previous_secret_until: iso(
      previousUntil !== null && previousUntil > now ? previousUntil : null,
    ),
  };
}

/** F-088: https is recommended, http is accepted. */
function warningOf(webhook: Webhook): { readonly warning?: string } {
  if (webhook.url.toLowerCase().startsWith("https:")) return {};
  return { warning: "events travel unencrypted over http://; https:// is recommended" };
}

async function refusedUrl(app: App, text: string): Promise<Problem | null> {
  const judged = await checkUrl(app, text);
  if (judged.ok) return null;
  const { kind, reason } = judged.error;
  return kind === "dns_unavailable"
    ? { kind: "unavailable", reason, retryAfterSeconds: DNS_RETRY_SECONDS }
    : invalidField("url", reason);
}

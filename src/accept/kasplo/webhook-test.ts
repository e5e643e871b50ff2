// /v1/webhooks/samples and /v1/webhooks/:id/test: what a receiver will get, shown and posted.
import * as z from "zod";
import type { App } from "../../app.ts";
import { notSent, type PostOutcome, postWebhook } from "../../lib/post-webhook.ts";
import { checkUrl } from "../../lib/public-address.ts";
import { fail, ok } from "../../lib/result.ts";
import { invalidField } from "../../model/problem.ts";
import {
  FORMAT_EVENTS,
  SECRET_LOST,
  signingSecrets,
  subscribes,
  type Webhook,
  type WebhookEntry,
} from "../../model/webhook.ts";
import { samplesOf } from "../../notify/payload/sample.ts";
import { findWebhook } from "../../store/webhook.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { dataOf, one, page, pageOf } from "./native.ts";
import { byId, eventName, formatName, NO_WEBHOOK } from "./webhook-fields.ts";

const sampleView = z.object({
  format: formatName,
  event: eventName,
  body: z.string().describe("The exact body of the request"),
});

const samples = endpoint({
  method: "GET",
  path: "/webhooks/samples",
  summary: "Show the body that each event is posted with, as a sample",
  scope: "read",
  request: { query: z.object({ format: formatName.default("kasplo") }) },
  response: { 200: pageOf(sampleView) },
  async handle(app, { query: { format } }) {
    const entries = await samplesOf(format, { id: app.newId(), now: app.now() });
    const data = entries.map(({ event, body }) => ({ format, event, body }));
    return ok(page(data, null));
  },
});

const testView = z.object({
  ok: z.boolean(),
  status: z.int().nullable(),
  ms: z.number(),
  error: z.string().nullable(),
  event_id: z.string(),
  event: z.string(),
  request: z
    .object({ url: z.string(), headers: z.record(z.string(), z.string()), body: z.string() })
    .nullable()
    .describe("What was sent; null when nothing was"),
  answer: z
    .object({ status: z.int(), body: z.string() })
    .nullable()
    .describe("What came back, at most 1,000 characters of it"),
});

const test = endpoint({
  method: "POST",
  path: "/webhooks/:id/test",
  summary: "Post a sample event at once and tell what the receiver answered",
  description: "Without `event` it is the first that the webhook subscribes to.",
  scope: "manage",
  request: { params: byId, query: z.object({ event: eventName.optional() }) },
  response: { 200: dataOf(testView) },
  async handle(app, { params, query }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(NO_WEBHOOK);
    const known = await samplesOf(webhook.format, { id: app.newId(), now: app.now() });
    const entry = known.find(({ event }) =>
      query.event === undefined ? subscribes(webhook, event) : event === query.event,
    );
    if (!entry) {
      const names = FORMAT_EVENTS[webhook.format].join(", ");
      return fail(invalidField("event", `must be one of ${names} for this webhook`));
    }
    const { status, ms, error, sent, answer } = await postNow(app, webhook, entry);
    const data = {
      ok: error === null,
      status,
      ms,
      error,
      event_id: entry.id,
      event: entry.event,
      request: sent && { url: sent.url, headers: sent.headers, body: entry.body },
      answer: status === null ? null : { status, body: answer },
    };
    return ok(one(data));
  },
});

/** The operations on samples. */
export const webhookTestEndpoints: readonly Endpoint[] = [samples, test];

/** Posts as the tail would: to a URL that is judged anew, signed with the secrets of now. */
async function postNow(
  app: App,
  webhook: Webhook,
  { id, body }: WebhookEntry,
): Promise<PostOutcome> {
  const judged = await checkUrl(app, webhook.url);
  if (!judged.ok) return notSent(judged.error.reason);
  const secrets = await signingSecrets(app.config.encryptionKey, webhook, app.now());
  if (secrets.length === 0) return notSent(SECRET_LOST);
  return postWebhook(app, { url: webhook.url, secrets, id, body });
}

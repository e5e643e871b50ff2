// /v1/webhooks/:id/replay and /health: what an endpoint gets once more, and how far it has come.
import * as z from "zod";
import type { App } from "../../app.ts";
import { isUuidv7 } from "../../lib/id.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import type { Webhook } from "../../model/webhook.ts";
import { entriesFor } from "../../notify/payload/format.ts";
import { timeAt } from "../../store/event.ts";
import { lettersOf } from "../../store/message.ts";
import { findWebhook } from "../../store/webhook.ts";
import { readProgress } from "../../store/webhook-progress.ts";
import {
  findEvent,
  insertReplay,
  insertRetry,
  retryAllKept,
  retryKept,
} from "../../store/webhook-replay.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, maybeTime, one } from "./native.ts";
import { byId, NO_WEBHOOK } from "./webhook-fields.ts";

/** The last millisecond of the year 9999; ISO 8601 dates of four digits end there. */
const MAX_TIME = 253_402_300_799_999;

const replayView = z.object({
  result: z.literal("queued"),
  event_id: z.string().optional(),
  from: isoTime.optional(),
  to: isoTime.optional(),
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

const replayBody = z.object({
  event_id: z.string().optional(),
  from: time,
  to: time,
  failed: z.literal(true, { error: "must be true, or left out" }).optional(),
});

const replay = endpoint({
  method: "POST",
  path: "/webhooks/:id/replay",
  summary:
    "Post one event, all of a period, or all that failed, once more with the same webhook-id",
  scope: "manage",
  request: { params: byId, body: replayBody },
  response: { 202: dataOf(replayView) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const webhook = await findWebhook(app.db, params.id);
    if (!webhook) return fail(NO_WEBHOOK);
    if (webhook.state === "disabled") {
      return fail({ kind: "conflict", reason: "this webhook is disabled; enable it first" });
    }
    const queued = await replayAsked(app, webhook, body);
    if (!queued.ok) return queued;
    app.background("webhook.wake", app.wakeTail(webhook.id));
    return ok(one({ result: "queued", ...queued.value }, 202));
  },
});

const healthView = z.object({
  state: z.enum(["enabled", "disabled"]),
  failing_since: maybeTime,
  told_up_to: maybeTime.describe("Its place in the event log"),
  behind_seconds: z.int(),
  waiting: z.int().describe("Events that wait for another try"),
  exhausted: z.int().describe("Events that get no other try by themselves"),
  counted_all: z.boolean().describe("False when there are more than were counted"),
  next_try_at: maybeTime,
  replays: z
    .array(z.object({ id: z.string(), from: isoTime, to: isoTime, asked_at: isoTime }))
    .describe("Periods that are being posted once more; `from` is how far it has come"),
});

const health = endpoint({
  method: "GET",
  path: "/webhooks/:id/health",
  summary: "Show how far a webhook has come, what waits for it, and replays under way",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(healthView) },
  async handle(app, { params }) {
    const found = await readProgress(app.db, params.id);
    if (!found) return fail(NO_WEBHOOK);
    const { webhook, unreadSince, replays } = found;
    const behind = unreadSince === null ? 0 : app.now() - unreadSince;
    return ok(
      one({
        state: webhook.state,
        failing_since: iso(webhook.failingSince),
        told_up_to: webhook.cursor === 0 ? null : iso(timeAt(webhook.cursor)),
        behind_seconds: Math.max(0, Math.round(behind / 1000)),
        waiting: found.waiting,
        exhausted: found.exhausted,
        counted_all: found.isAll,
        next_try_at: iso(found.nextTryAt),
        replays: replays.map(({ id, after, upTo, askedAt }) => ({
          id,
          from: iso(timeAt(after + 1)),
          to: iso(timeAt(upTo)),
          asked_at: iso(askedAt),
        })),
      }),
    );
  },
});

/** The operations that post again or tell how it goes. */
export const webhookReplayEndpoints: readonly Endpoint[] = [replay, health];

type Queued = Result<Readonly<Record<string, string>>, Problem>;

/** Does one of the three things that may be asked for. */
async function replayAsked(
  app: App,
  webhook: Webhook,
  { event_id: eventId, from, to, failed }: z.output<typeof replayBody>,
): Promise<Queued> {
  if (from === undefined && to === undefined) {
    if (eventId !== undefined && failed === undefined) return replayEvent(app, webhook, eventId);
    if (eventId === undefined && failed) return replayFailed(app, webhook);
  } else if (eventId === undefined && failed === undefined) {
    if (from !== undefined && to !== undefined) return replayRange(app, webhook, { from, to });
  }
  return fail(invalidField("event_id", "give either event_id, or from and to, or failed"));
}

async function replayEvent(app: App, webhook: Webhook, eventId: string): Promise<Queued> {
  const ask = { webhookId: webhook.id, jobId: app.newId(), now: app.now() };
  // What is kept may have an id that the log does not know: format kasapost makes one of its own.
  if (await retryKept(app.db, { ...ask, eventId })) return ok({ event_id: eventId });
  const event = isUuidv7(eventId) ? await findEvent(app.db, eventId) : null;
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

async function replayFailed(app: App, webhook: Webhook): Promise<Queued> {
  await retryAllKept(app.db, { webhookId: webhook.id, now: app.now() });
  return ok({});
}

// /v1/messages/:id/webhooks: which endpoints were told what happened to a message.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { addressKey } from "../../model/address.ts";
import type { Webhook } from "../../model/webhook.ts";
import { type DeliveryRecord, deliveriesOf } from "../../store/delivery.ts";
import { positionAt, timeAt } from "../../store/event.ts";
import { listWebhooks } from "../../store/webhook.ts";
import { failuresOfMessage } from "../../store/webhook-failure.ts";
import { endpoint } from "../endpoint.ts";
import { find, messageId } from "./messages.ts";
import { iso, maybeTime, page, pageOf } from "./native.ts";
import { failureView, shownFailure } from "./webhook-failures.ts";

const REPORTED = ["all", "waiting", "failed", "nothing", "unknown"] as const;
type Reported = (typeof REPORTED)[number];

const view = z.object({
  webhook_id: z.string(),
  url: z.string(),
  state: z.enum(["enabled", "disabled"]),
  reported: z.enum(REPORTED),
  told_up_to: maybeTime.describe("Its place in the event log"),
  failures: z.array(failureView),
});

const list = endpoint({
  method: "GET",
  path: "/messages/:id/webhooks",
  summary: "List what each webhook was told of a message",
  description:
    "`reported`: `all` that it subscribes to and that happened so far; `waiting` when it has not come so far in the log; `failed` when `failures` were not taken yet; `nothing` when it is younger than all that happened; `unknown` when so much failed since then that not all of it was looked through. What happened while it was disabled was not posted.",
  scope: "read",
  request: { params: messageId },
  response: { 200: pageOf(view) },
  async handle(app, { params, key }) {
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const keys = message.recipients.map((recipient) => addressKey(recipient.address));
    const [deliveries, webhooks, kept] = await Promise.all([
      deliveriesOf(app.db, message.id, keys),
      listWebhooks(app.db),
      failuresOfMessage(app.db, message.id),
    ]);
    const last = lastTime(deliveries);
    const data = webhooks.map((webhook) => {
      const failures = kept.failures.filter(({ webhookId }) => webhookId === webhook.id);
      const reported = judged(webhook, last, failures.length > 0, kept.isAll);
      return {
        webhook_id: webhook.id,
        url: webhook.url,
        state: webhook.state,
        reported,
        told_up_to: webhook.cursor === 0 ? null : iso(timeAt(webhook.cursor)),
        failures: failures.map(shownFailure),
      };
    });
    return ok(page(data, null));
  },
});

/** The operation on what webhooks were told of a message. */
export const messageWebhookEndpoints = [list];

/** When something happened last, or null. */
function lastTime(deliveries: readonly DeliveryRecord[]): number | null {
  const times = deliveries.flatMap(({ history, activity }) =>
    [...history, ...activity].map(({ at }) => at),
  );
  return times.length === 0 ? null : Math.max(...times);
}

function judged(
  { createdAt, cursor }: Webhook,
  last: number | null,
  hasFailures: boolean,
  isAll: boolean,
): Reported {
  if (hasFailures) return "failed";
  if (last === null || createdAt > last) return "nothing";
  if (cursor < positionAt(last)) return "waiting";
  return isAll ? "all" : "unknown";
}

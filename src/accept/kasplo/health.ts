// /v1/health: whether everything moves. /healthz, without a key, says only that the Worker answers.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { concernsOf } from "../../model/health.ts";
import { readHealth } from "../../store/health.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, maybeTime, one } from "./native.ts";

const healthView = z.object({
  status: z.enum(["ok", "attention"]),
  concerns: z.array(z.string()),
  delivery: z.enum(["held", "running"]),
  database: z.object({ bytes: z.int(), capacity_bytes: z.int() }),
  lanes: z.array(z.object({ lane: z.string(), oldest_due_at: maybeTime, late_seconds: z.int() })),
  relays: z.array(
    z.object({
      id: z.string(),
      failures: z.int(),
      aside_until: maybeTime,
      last_failure: z.string().nullable(),
    }),
  ),
  webhooks: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      failing_since: maybeTime,
      behind_seconds: z.int(),
    }),
  ),
});

const health = endpoint({
  method: "GET",
  path: "/health",
  summary: "Show what waits, which relays are put aside, and how far webhooks are behind",
  scope: "read",
  request: {},
  response: { 200: dataOf(healthView) },
  async handle(app) {
    const now = app.now();
    const found = await readHealth(app.db);
    const concerns = concernsOf(found, now);
    return ok(
      one({
        status: concerns.length === 0 ? "ok" : "attention",
        concerns,
        delivery: app.config.deliveryHold ? "held" : "running",
        database: { bytes: found.databaseBytes, capacity_bytes: app.config.databaseCapacityBytes },
        lanes: found.lanes.map(({ lane, oldestDueAt }) => ({
          lane,
          oldest_due_at: iso(oldestDueAt),
          late_seconds: seconds(oldestDueAt, now),
        })),
        relays: found.relays.map((relay) => ({
          id: relay.relayId,
          failures: relay.failures,
          aside_until: iso(relay.asideUntil),
          last_failure: relay.reason,
        })),
        webhooks: found.endpoints.map((one) => ({
          id: one.webhookId,
          state: one.state,
          failing_since: iso(one.failingSince),
          behind_seconds: seconds(one.unreadSince, now),
        })),
      }),
    );
  },
});

/** The operation that shows how the deployment is. */
export const healthEndpoints = [health];

function seconds(since: number | null, now: number): number {
  return since === null ? 0 : Math.max(0, Math.round((now - since) / 1000));
}

// /v1/health: whether everything moves. /healthz, without a key, says only that the Worker answers.
import { ok } from "../../lib/result.ts";
import { concernsOf } from "../../model/health.ts";
import { readHealth } from "../../store/health.ts";
import { endpoint } from "../endpoint.ts";
import { iso, one } from "./native.ts";

const health = endpoint({
  method: "GET",
  path: "/health",
  summary: "Show what waits, which relays are put aside, and how far webhooks are behind",
  scope: "read",
  request: {},
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

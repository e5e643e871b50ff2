// SQL of how the deployment is: what waits and for how long, in one round trip.
import type { Health } from "../model/health.ts";
import { MAIL_CLASSES } from "../model/message.ts";
import { batch, databaseSize, rowsOf, statement } from "./db.ts";
import { selectOldestDue } from "./delivery-due.ts";

/** Reads it; throws when D1 does not answer. */
export async function readHealth(db: D1Database): Promise<Health> {
  const [relays, endpoints, ...lanes] = await batch(db, [
    statement(
      db,
      "select relay_id, failures, aside_until, reason from relay_health order by relay_id",
    ),
    statement(
      db,
      `select w.id, w.state, w.cursor, w.failing_since,
         (select coalesce(max(position), 0) from event_log) as head,
         (select min(position) from event_log where position > w.cursor) as next
       from webhooks w order by w.id`,
    ),
    ...MAIL_CLASSES.map((lane) => selectOldestDue(db, lane)),
  ]);
  return {
    databaseBytes: databaseSize(db),
    lanes: MAIL_CLASSES.map((lane, at) => ({
      lane,
      oldestDueAt: rowsOf<{ oldest: number | null }>(lanes[at])[0]?.oldest ?? null,
    })),
    relays: rowsOf<{
      relay_id: string;
      failures: number;
      aside_until: number | null;
      reason: string;
    }>(relays).map((row) => ({
      relayId: row.relay_id,
      failures: row.failures,
      asideUntil: row.aside_until,
      reason: row.reason,
    })),
    endpoints: rowsOf<{
      id: string;
      state: "enabled" | "disabled";
      failing_since: number | null;
      next: number | null;
    }>(endpoints).map((row) => ({
      webhookId: row.id,
      state: row.state,
      failingSince: row.failing_since,
      // A position is milliseconds * 1000 + n.
      unreadSince: row.next === null ? null : Math.floor(row.next / 1000),
    })),
  };
}

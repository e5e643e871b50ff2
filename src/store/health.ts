// SQL of how the deployment is: what waits and for how long, in one round trip.
import type { Health } from "../model/health.ts";
import { batch, databaseSize, rowsOf, statement } from "./db.ts";

/** Reads it; throws when D1 does not answer. */
export async function readHealth(db: D1Database): Promise<Health> {
  const [lanes, relays, endpoints] = await batch(db, [
    statement(
      db,
      `select l.value as lane, (select due_at from deliveries where lane = l.value
         and due_at is not null order by due_at limit 1) as oldest
       from json_each('["transactional","marketing"]') l`,
    ),
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
  ]);
  return {
    databaseBytes: databaseSize(db),
    lanes: rowsOf<{ lane: string; oldest: number | null }>(lanes).map(({ lane, oldest }) => ({
      lane,
      oldestDueAt: oldest,
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

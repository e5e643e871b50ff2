// SQL of the counts of mail and events that came in and changed nothing: one row per reason.
import {
  INBOUND_OUTCOMES,
  type InboundCount,
  type InboundOutcome,
  INTAKE_OUTCOMES,
  type IntakeOutcome,
} from "../model/inbound.ts";
import { rows, statement } from "./db.ts";

/** Counts one mail, or some events of an intake. */
export async function countInbound(
  db: D1Database,
  outcome: InboundOutcome | IntakeOutcome,
  now: number,
  count = 1,
): Promise<void> {
  await statement(
    db,
    `insert into inbound_counts (outcome, count, last_at) values (?1, ?3, ?2)
     on conflict (outcome) do update set count = count + ?3, last_at = max(last_at, ?2)`,
    outcome,
    now,
    count,
  ).run();
}

/** Every count, also those of nothing. */
export async function readInboundCounts(db: D1Database): Promise<readonly InboundCount[]> {
  const found = await rows<{ outcome: string; count: number; last_at: number }>(
    statement(db, "select outcome, count, last_at from inbound_counts"),
  );
  return [...INBOUND_OUTCOMES, ...INTAKE_OUTCOMES].map((outcome) => {
    const row = found.find((one) => one.outcome === outcome);
    return { outcome, count: row?.count ?? 0, lastAt: row?.last_at ?? null };
  });
}

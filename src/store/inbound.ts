// SQL of the counts of mail that came in and changed nothing: one row per reason.
import { INBOUND_OUTCOMES, type InboundCount, type InboundOutcome } from "../model/inbound.ts";
import { rows, statement } from "./db.ts";

/** Counts one mail. */
export async function countInbound(
  db: D1Database,
  outcome: InboundOutcome,
  now: number,
): Promise<void> {
  await statement(
    db,
    `insert into inbound_counts (outcome, count, last_at) values (?1, 1, ?2)
     on conflict (outcome) do update set count = count + 1, last_at = max(last_at, ?2)`,
    outcome,
    now,
  ).run();
}

/** Every count, also those of nothing. */
export async function readInboundCounts(db: D1Database): Promise<readonly InboundCount[]> {
  const found = await rows<{ outcome: string; count: number; last_at: number }>(
    statement(db, "select outcome, count, last_at from inbound_counts"),
  );
  return INBOUND_OUTCOMES.map((outcome) => {
    const row = found.find((one) => one.outcome === outcome);
    return { outcome, count: row?.count ?? 0, lastAt: row?.last_at ?? null };
  });
}

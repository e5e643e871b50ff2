// SQL of keeping a lease and giving it back. The WHERE clauses are the guard of the transitions from
// `sending` in model/delivery.ts; claiming is in delivery-claim.ts.
import { rows, statement } from "./db.ts";
import type { ClaimedDelivery } from "./delivery-claim.ts";

/** The deliveries of a list, as a parameter for json_each: [recipient, message id, lease id]. */
function keysOf(deliveries: readonly ClaimedDelivery[]): string {
  return JSON.stringify(deliveries.map((d) => [d.recipient, d.messageId, d.leaseId]));
}

const STILL_LEASED = `exists (select 1 from json_each(?1) k where k.value ->> 0 = recipient
  and k.value ->> 1 = message_id and k.value ->> 2 = lease_id)`;

const IN_KEYS = `(recipient, message_id) in
  (select value ->> 0, value ->> 1 from json_each(?1)) and ${STILL_LEASED}`;

/** Prolongs the leases that are still held. */
export async function renewLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
  leaseUntil: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_until = ?2 where ${IN_KEYS}`,
    keysOf(deliveries),
    leaseUntil,
  ).run();
}

/** Gives back deliveries that were claimed but not attempted; they are due as before. */
export async function releaseLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_id = null, lease_until = null,
       state = case when attempts = 0 then 'queued' else 'deferred' end where ${IN_KEYS}`,
    keysOf(deliveries),
  ).run();
}

/** Gives back deliveries that could not be attempted; they are due again at `dueAt`, or when they expire. */
export async function postponeLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
  dueAt: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_id = null, lease_until = null, due_at = min(?2, expires_at),
       state = case when attempts = 0 then 'queued' else 'deferred' end where ${IN_KEYS}`,
    keysOf(deliveries),
    dueAt,
  ).run();
}

/** Marks a delivery of an `onAmbiguous: hold` message just before its content leaves; false: lease lost. */
export async function markContent(db: D1Database, delivery: ClaimedDelivery): Promise<boolean> {
  const marked = await rows<{ recipient: string }>(
    statement(
      db,
      `update deliveries set marker = 1 where ${IN_KEYS} returning recipient`,
      keysOf([delivery]),
    ),
  );
  return marked.length > 0;
}

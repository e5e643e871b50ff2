// SQL of deliveries: which are held, what is shown of them. When they are due is in delivery-due.ts,
// claiming in delivery-claim.ts, settling in delivery-settlement.ts.
import type { Activity, Attempt, DeliveryState } from "../model/delivery.ts";
import type { MailClass } from "../model/message.ts";
import { rows, statement, stored } from "./db.ts";
import { SHARES_OF_LANE } from "./delivery-due.ts";

/** A delivery that lost this many leases is held for a person to look at. */
export const MAX_LOSSES = 5;

/** A lease that a process lost counts as an attempt whose outcome nobody knows. */
export const LOST_ATTEMPT = `json_object('at', ?2, 'relay', '', 'result', 'unknown', 'code', null,
  'reply', 'the process ended before the outcome was recorded', 'tls', null, 'log', null)`;

/**
 * Holds what must not be tried again by itself: deliveries that lost their lease too often, and those in
 * doubt whose message asked to be held. Answers how many.
 */
export async function holdLost(db: D1Database, lane: MailClass, now: number): Promise<number> {
  const held = await rows<{ recipient: string }>(
    statement(
      db,
      `update deliveries set state = 'held', due_at = null, lease_id = null, lease_until = null,
         attempts = attempts + 1, history = json_insert(history, '$[#]', ${LOST_ATTEMPT})
       where lane = ?1 and share in ${SHARES_OF_LANE} and due_at <= ?2 and lease_until <= ?2
         and (marker = 1 or lease_losses + 1 >= ${MAX_LOSSES})
       returning recipient`,
      lane,
      now,
    ),
  );
  return held.length;
}

/** A delivery as reads show it. */
export type DeliveryRecord = {
  readonly messageId: string;
  readonly position: number;
  readonly recipient: string;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  /** When a suppression stopped it, or null. */
  readonly suppressedAt: number | null;
  readonly history: readonly Attempt[];
  readonly activity: readonly Activity[];
};

/** The deliveries of a message, in the order of its recipients. `recipients` are their row keys. */
export async function deliveriesOf(
  db: D1Database,
  messageId: string,
  recipients: readonly string[],
): Promise<readonly DeliveryRecord[]> {
  const found = await rows<{
    message_id: string;
    position: number;
    recipient: string;
    state: DeliveryState;
    due_at: number | null;
    suppressed_at: number | null;
    history: string;
    activity: string;
  }>(
    statement(
      db,
      `select message_id, position, recipient, state, due_at, suppressed_at, history, activity
       from deliveries where (recipient, message_id) in (select value, ?2 from json_each(?1))
       order by position`,
      JSON.stringify(recipients),
      messageId,
    ),
  );
  return found.map((row) => ({
    messageId: row.message_id,
    position: row.position,
    recipient: row.recipient,
    state: row.state,
    dueAt: row.due_at,
    suppressedAt: row.suppressed_at,
    history: stored<Attempt[]>(row.history),
    activity: stored<Activity[]>(row.activity),
  }));
}

/** A delivery by its row's key. */
export type DeliveryKey = { readonly recipient: string; readonly messageId: string };

/** The states of these deliveries, in their order; null for one that does not exist (any more). */
export async function statesOf(
  db: D1Database,
  keys: readonly DeliveryKey[],
): Promise<readonly (DeliveryState | null)[]> {
  const found = await rows<{ state: DeliveryState | null }>(
    statement(
      db,
      `select d.state from json_each(?1) k
       left join deliveries d on d.recipient = k.value ->> 0 and d.message_id = k.value ->> 1
       order by k.key`,
      JSON.stringify(keys.map(({ recipient, messageId }) => [recipient, messageId])),
    ),
  );
  return found.map(({ state }) => state);
}

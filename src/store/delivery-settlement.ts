// SQL of what came of an attempt: a window of settlements is one transaction. The WHERE clauses are the
// guard of the transitions that leave `sending` in model/delivery.ts.
import type { Attempt, DeliveryState } from "../model/delivery.ts";
import type { DeliveryEvent } from "../model/event.ts";
import { batch, statement } from "./db.ts";
import type { ClaimedDelivery } from "./delivery-claim.ts";
import { endMemberships } from "./contact-end.ts";

/** What one attempt came to, as it is committed. */
export type Settlement = {
  readonly delivery: ClaimedDelivery;
  readonly state: DeliveryState;
  /** When to try again, or null when the state is terminal. */
  readonly dueAt: number | null;
  readonly attempt: Omit<Attempt, "log">;
  readonly events: readonly DeliveryEvent[];
  /** The address is bad: it is suppressed in the same transaction. */
  readonly suppress: boolean;
};

/** A settlement counts while its lease is held; `delivered` counts from any lease unless all is over. */
const SETTLES = `(d.lease_id = s.value ->> 'lease'
  or (s.value ->> 'state' = 'delivered' and d.state in ('queued', 'sending', 'deferred')))`;

const FOR_SETTLEMENT = `exists (select 1 from deliveries d where d.recipient = s.value ->> 'recipient'
  and d.message_id = s.value ->> 'message' and ${SETTLES})`;

/**
 * Commits a window of settlements: one event log row with their events, suppressions, new states with
 * the attempt appended, the end of places on lists. A settlement whose lease is gone changes nothing. Safe to repeat. Answers
 * whether events were logged.
 */
export async function settle(
  db: D1Database,
  settlements: readonly Settlement[],
  now: number,
): Promise<boolean> {
  const window = JSON.stringify(
    settlements.map((s) => ({
      recipient: s.delivery.recipient,
      message: s.delivery.messageId,
      lease: s.delivery.leaseId,
      state: s.state,
      due: s.dueAt,
      attempt: { ...s.attempt, log: null },
      events: s.events,
      suppress: s.suppress ? 1 : 0,
    })),
  );
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
         json_group_array(json(e.value))
       from json_each(?1) s, json_each(s.value, '$.events') e
       where ${FOR_SETTLEMENT} group by 'one row'`,
      window,
      now,
    ),
    statement(
      db,
      `insert into suppressions (address, scope, reason, message_id, created_at)
       select s.value ->> 'recipient', 'bounce', s.value ->> '$.attempt.reply',
         s.value ->> 'message', ?2
       from json_each(?1) s where s.value ->> 'suppress' = 1 and ${FOR_SETTLEMENT}
       on conflict do nothing`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set state = s.value ->> 'state', due_at = s.value ->> 'due',
         attempts = d.attempts + 1, lease_id = null, lease_until = null, lease_losses = 0,
         marker = 0, last_code = s.value ->> '$.attempt.code',
         history = json_insert(d.history, '$[#]',
           json_set(s.value -> 'attempt', '$.log', (select max(position) from event_log)))
       from json_each(?1) s
       where d.recipient = s.value ->> 'recipient' and d.message_id = s.value ->> 'message'
         and ${SETTLES}`,
      window,
    ),
    ...endMemberships(
      db,
      settlements.flatMap(({ events }) => events),
    ),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}

// SQL of deliveries that wait although they are due, because a limit of ours is reached: given back to be tried
// later, and told of at most once in a while.
import type { DeliveryEvent } from "../model/event.ts";
import type { ClaimedDelivery } from "./delivery-claim.ts";
import { batch, statement } from "./db.ts";

/** A delivery is told of once in this time (F-079). */
const QUIET_MS = 15 * 60 * 1000;

/** A delivery that waits, until when, and how it is told. */
export type Waiting = {
  readonly delivery: ClaimedDelivery;
  readonly dueAt: number;
  readonly event: DeliveryEvent;
};

/** Still leased as it was claimed. */
const LEASED = `d.recipient = w.value ->> 'recipient' and d.message_id = w.value ->> 'message'
  and d.lease_id = w.value ->> 'lease'`;

/** Was told of not long ago. */
const TOLD = `exists (select 1 from json_each(d.activity) a
  where a.value ->> 'kind' = 'connmaxout' and a.value ->> 'at' > ?2 - ${QUIET_MS})`;

/**
 * Gives back deliveries that a limit keeps waiting; no attempt is counted. Those that were not told of in the
 * last 15 minutes are: one log row for all. Answers whether there was anything to tell. Safe to repeat.
 */
export async function waitForRoom(
  db: D1Database,
  waiting: readonly Waiting[],
  now: number,
): Promise<boolean> {
  const window = JSON.stringify(
    waiting.map(({ delivery, dueAt, event }) => ({
      recipient: delivery.recipient,
      message: delivery.messageId,
      lease: delivery.leaseId,
      due: dueAt,
      event,
      trace: { id: event.id, kind: "connmaxout", at: event.at, machine: true, log: null },
    })),
  );
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
         json_group_array(json(w.value -> 'event'))
       from json_each(?1) w join deliveries d on ${LEASED} where not ${TOLD} group by 'one row'`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set lease_id = null, lease_until = null, due_at = w.value ->> 'due',
         state = case when d.attempts = 0 then 'queued' else 'deferred' end,
         activity = iif(${TOLD}, d.activity, json_insert(d.activity, '$[#]',
           json_set(w.value -> 'trace', '$.log', (select max(position) from event_log))))
       from json_each(?1) w where ${LEASED}`,
      window,
      now,
    ),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}

// SQL of calling a message back and of dating it anew: all of its deliveries or none, and only while nothing
// of it can have left. The WHERE clauses are the guard of the transitions to `cancelled`.
import { addressKey } from "../model/address.ts";
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";
import type { Message } from "../model/message.ts";
import { refundSql } from "./credit.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { logCancelledSql } from "./list-campaign.ts";
import { itemPath, joinMessage, rowOf } from "./message-item.ts";

/** The deliveries of the message ?3 whose recipients are ?1. */
const OF_MESSAGE = "(recipient, message_id) in (select value, ?3 from json_each(?1))";

/** Nobody is trying it, and no attempt may have got through unseen. */
const AT_REST = `state in ('queued', 'deferred') and lease_id is null and marker = 0
  and not exists (select 1 from json_each(history) a where a.value ->> 'result' = 'unknown')`;

/** Whether the whole message can still be stopped. */
const STOPPABLE = `not exists (select 1 from deliveries where ${OF_MESSAGE}
  and not (${AT_REST}) and state not in ('suppressed', 'cancelled'))`;

function keysOf({ recipients }: Pick<Message, "recipients">): string {
  return JSON.stringify(recipients.map(({ address }) => addressKey(address)));
}

/**
 * Cancels a message: afterwards none of its deliveries is ever tried (again), and credits of what was never
 * tried are refunded. False, and nothing changes, when something of it left or may have. Again is as once.
 */
export async function cancelMessage(
  db: D1Database,
  message: Pick<Message, "id" | "recipients">,
  now: number,
): Promise<boolean> {
  const given = [keysOf(message), now, message.id] as const;
  const open = `select * from deliveries where ${OF_MESSAGE} and ${AT_REST} and ${STOPPABLE}`;
  const untried = `select d.message_id from (${open}) d ${joinMessage("d.message_id")}
    where d.attempts = 0 and m.credits > 0`;
  const results = await batch(db, [
    statement(db, refundSql(untried, "?2"), ...given),
    statement(db, logCancelledSql(open), ...given),
    statement(
      db,
      `update deliveries set state = 'cancelled', due_at = null
       where ${OF_MESSAGE} and ${AT_REST} and ${STOPPABLE} and ?2 is not null`,
      ...given,
    ),
    statement(
      db,
      `select count(*) as total, sum(state = 'cancelled') as cancelled,
         sum(state = 'suppressed') as suppressed
       from deliveries where ${OF_MESSAGE} and ?2 is not null`,
      ...given,
    ),
  ]);
  const [row] = rowsOf<{ total: number; cancelled: number; suppressed: number }>(results[3]);
  return row !== undefined && row.cancelled > 0 && row.cancelled + row.suppressed === row.total;
}

/**
 * Dates a message that was never tried anew; its queue lifetime begins then. False, and nothing changes, when
 * any of it was. Again is as once.
 */
export async function rescheduleMessage(
  db: D1Database,
  message: Pick<Message, "id" | "recipients">,
  sendAt: number,
): Promise<boolean> {
  const waits = `state = 'queued' and attempts = 0 and lease_id is null`;
  const fresh = `exists (select 1 from deliveries where ${OF_MESSAGE} and ${waits})
    and not exists (select 1 from deliveries where ${OF_MESSAGE}
      and not (${waits}) and state <> 'suppressed')`;
  const given = [keysOf(message), sendAt, message.id] as const;
  const results = await batch(db, [
    statement(
      db,
      `update messages as m set send_at = iif(items is null, ?2, send_at),
         items = json_set(items, ${itemPath("?3")} || '.send_at', ?2)
       where id = ${rowOf("?3")} and ${fresh} returning id`,
      ...given,
    ),
    statement(
      db,
      `update deliveries set due_at = ?2, expires_at = ?2 + ${QUEUE_LIFETIME_MS}
       where ${OF_MESSAGE} and ${waits} and ${fresh}`,
      ...given,
    ),
  ]);
  return rowsOf(results[0]).length > 0;
}

// SQL of holding what may have been sent already: after a restore, everything that was open in the copy.
import type { MailClass } from "../model/message.ts";
import { rows, statement } from "./db.ts";

/** Why the ledger says that it is held. */
const RESTORED = `json_object('at', ?2, 'relay', '', 'result', 'unknown', 'code', null, 'reply',
  'held after a restore: it may have left since the copy was made', 'tls', null, 'log', null)`;

/**
 * Holds open deliveries of messages whose id is below `before`, at most `limit` of a lane; those that are
 * being attempted at `now` are left. Answers how many. Done again, it goes on.
 */
export async function holdOpen(
  db: D1Database,
  ask: {
    readonly lane: MailClass;
    readonly now: number;
    readonly before: string;
    readonly limit: number;
  },
): Promise<number> {
  const held = await rows<{ recipient: string }>(
    statement(
      db,
      `update deliveries set state = 'held', due_at = null, lease_id = null, lease_until = null,
         history = json_insert(history, '$[#]', ${RESTORED})
       where (recipient, message_id) in (
         select recipient, message_id from deliveries
         where lane = ?1 and due_at is not null and message_id < ?3
           and (lease_until is null or lease_until <= ?2) limit ?4)
       returning recipient`,
      ask.lane,
      ask.now,
      ask.before,
      ask.limit,
    ),
  );
  return held.length;
}

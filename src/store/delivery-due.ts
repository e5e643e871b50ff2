// SQL of the due index, (lane, share, due_at): the shares of a lane, what waits in each, and when. One share
// is the mail of one API key in the marketing lane, all mail in the transactional one (model/share.ts).
import type { MailClass } from "../model/message.ts";
import { rows, statement } from "./db.ts";

/** Due rows that a look-up in a lane passes at most: claimed rows are among the oldest due of their share. */
const SCAN_ROWS = 2_000;

/** Of one share it passes this many at least: several times what a run, and one that died, have leased. */
const SCAN_SHARE_ROWS = 500;

/** Of one share the sweeper looks at this many at least: it only asks when to wake the lane. */
const WAKE_ROWS = 20;

/** Shares that wait in the lane ?1, now or later: one step in the index for each. */
export const SHARES_OF_LANE = `(with recursive found(share) as (
    select (select share from deliveries where lane = ?1 and due_at is not null
      order by share limit 1)
    union all
    select (select d.share from deliveries d where d.lane = ?1 and d.due_at is not null
      and d.share > found.share order by d.share limit 1)
    from found where found.share is not null)
  select share from found where share is not null)`;

/** How many rows of each share of `shares` a look-up passes. */
export function scanRows(shares: string): string {
  return `max(${SCAN_SHARE_ROWS}, ${SCAN_ROWS} / (select max(1, count(*)) from ${shares}))`;
}

/** Re-dates every delivery of a lane that is due before `until` and not being attempted. */
export async function postponeDue(
  db: D1Database,
  lane: MailClass,
  now: number,
  until: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set due_at = min(?3, expires_at)
     where lane = ?1 and share in ${SHARES_OF_LANE} and due_at < ?3
       and expires_at > ?2 and due_at < expires_at
       and (lease_until is null or lease_until <= ?2)`,
    lane,
    now,
    until,
  ).run();
}

/** A time at which a lane has something to do. */
export type DueTime = { readonly lane: MailClass; readonly at: number };

/** When the oldest deliveries of a lane want attention, up to `until`: due, or their lease ended. */
export async function dueTimes(
  db: D1Database,
  lane: MailClass,
  until: number,
): Promise<readonly DueTime[]> {
  return rows<DueTime>(
    statement(
      db,
      `select ?1 as lane, min(t.value) as at from ${SHARES_OF_LANE} s, json_each((
         select json_group_array(max(due_at, coalesce(lease_until, 0)))
         from (select due_at, lease_until from deliveries
           where lane = ?1 and share = s.share and due_at <= ?2
           order by due_at limit max(${WAKE_ROWS}, ${SCAN_ROWS} / (
             select max(1, count(*)) from ${SHARES_OF_LANE}))))) t
       where t.value <= ?2 group by t.value / 1000 order by at`,
      lane,
      until,
    ),
  );
}

/** The statement that tells since when the oldest delivery of a lane is due: `oldest`, or null. */
export function selectOldestDue(db: D1Database, lane: MailClass): D1PreparedStatement {
  return statement(
    db,
    `select min((select d.due_at from deliveries d
       where d.lane = ?1 and d.share = s.share and d.due_at is not null
       order by d.due_at limit 1)) as oldest from ${SHARES_OF_LANE} s`,
    lane,
  );
}

// SQL of the purge: what comes next in the order of time, since when its deliveries are all over, and
// deleting it in one transaction. Every statement asks again whether it may delete.
import { uuidv7Bound } from "../lib/id.ts";
import { TERMINAL_STATES } from "../model/delivery.ts";
import type { Walk, WalkName } from "../model/purge.ts";
import { batch, rows, statement } from "./db.ts";
import { positionAt } from "./event.ts";
import { ITEM_ID, RECIPIENT_KEY, recipientCount, RECIPIENTS } from "./message-item.ts";

/** Messages, contents or log rows of one step: one batch stays far below D1's 30 s (D-13). */
export const STEP_ROWS = 500;

/** Deliveries that one step looks at: messages may have 1,000 recipients each. */
const STEP_DELIVERIES = 5_000;

const TERMINAL = TERMINAL_STATES.map((state) => `'${state}'`).join(", ");

/** When a delivery `d` came back after it was delivered; 0 when it did not. */
const CAME_BACK_AT = `coalesce((select max(coalesce((a.value ->> 'log') / 1000, a.value ->> 'at'))
  from json_each(d.activity) a where a.value ->> 'kind' = 'bounce'), 0)`;

/** When a delivery `d` of message `m` got its state: the log row's commit, or else the attempt itself. */
const ENDED_AT = `max(m.created_at, coalesce(d.history ->> '$[#-1].at', 0),
  coalesce((d.history ->> '$[#-1].log') / 1000, 0), ${CAME_BACK_AT})`;

/** Since when all deliveries of message `m` are terminal; null while one is open or scheduled. */
const TERMINAL_AT = `(select case when coalesce(min(d.state in (${TERMINAL})), 1)
    then coalesce(max(${ENDED_AT}), m.created_at) end
  from ${RECIPIENTS} join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = ${ITEM_ID})`;

/** Messages `m` of the ids in ?1 that have been over since ?2. Without deliveries it stays true. */
const DOOMED = `select m.id, m.recipients, m.items, m.content_id
  from json_each(?1) i join messages m on m.id = i.value where ${TERMINAL_AT} <= ?2`;

/** The next messages that were accepted up to `cutoff`, oldest first. */
export async function nextMessages(
  db: D1Database,
  after: string,
  cutoff: number,
): Promise<readonly string[]> {
  const found = await rows<{ id: string }>(
    statement(
      db,
      "select id from messages where id > ?1 and id < ?2 order by id limit ?3",
      after,
      uuidv7Bound(cutoff + 1),
      STEP_ROWS,
    ),
  );
  return found.map(({ id }) => id);
}

/** A content in D1 and the message that it belongs to. */
export type ContentRow = { readonly id: number; readonly messageId: string };

/**
 * The next contents in D1, in the order they were accepted; none when the first of them belongs to a
 * message that was accepted after `cutoff`. A content's id is above all that are kept, so their order is
 * the order of time, and what is dropped is never passed again.
 */
export async function nextContents(
  db: D1Database,
  after: number,
  cutoff: number,
): Promise<readonly ContentRow[]> {
  return rows<ContentRow>(
    statement(
      db,
      `select id, message_id as messageId from contents
       where id > ?1 and (select message_id from contents where id > ?1 order by id limit 1) < ?2
       order by id limit ?3`,
      after,
      uuidv7Bound(cutoff + 1),
      STEP_ROWS,
    ),
  );
}

/** A message that may have to go. */
export type Judged = {
  readonly id: string;
  /** Since when its deliveries are all terminal, epoch milliseconds; null: not all are. */
  readonly terminalAt: number | null;
  readonly contentKey: string | null;
};

/**
 * Looks at the messages with these ids, in this order; null for one that does not exist. Stops early when
 * they have many recipients: the answer may be shorter than the question, but is never empty.
 */
export async function judge(
  db: D1Database,
  ids: readonly string[],
): Promise<readonly (Judged | null)[]> {
  const found = await rows<{
    id: string | null;
    terminal_at: number | null;
    content_key: string | null;
  }>(
    statement(
      db,
      `with sized as (
         select i.key as n, m.id, coalesce(sum(${recipientCount("m")}) over (
           order by i.key rows between unbounded preceding and 1 preceding), 0) as before
         from json_each(?1) i left join messages m on m.id = i.value)
       select m.id, m.content_key, ${TERMINAL_AT} as terminal_at
       from sized s left join messages m on m.id = s.id where s.before < ?2 order by s.n`,
      JSON.stringify(ids),
      STEP_DELIVERIES,
    ),
  );
  return found.map((row) =>
    row.id === null
      ? null
      : { id: row.id, terminalAt: row.terminal_at, contentKey: row.content_key },
  );
}

/** Deletes messages with everything that D1 keeps of them; one row each. Answers how many went. */
export async function deleteMessages(
  db: D1Database,
  ids: readonly string[],
  cutoff: number,
): Promise<number> {
  const list = JSON.stringify(ids);
  const results = await batch(db, [
    statement(
      db,
      `with doomed as materialized (${DOOMED})
       delete from deliveries where (recipient, message_id) in
         (select ${RECIPIENT_KEY}, ${ITEM_ID} from doomed m join ${RECIPIENTS})`,
      list,
      cutoff,
    ),
    statement(
      db,
      `with doomed as materialized (${DOOMED})
       delete from contents where id in (select content_id from doomed)
         and message_id in (select id from doomed)`,
      list,
      cutoff,
    ),
    statement(db, `delete from messages where id in (select id from (${DOOMED}))`, list, cutoff),
  ]);
  return changesOf(results[2]);
}

/**
 * Deletes contents whose message has been over since `cutoff`, or is gone. The message keeps the number:
 * a content is only ever found by number and message together.
 */
export async function deleteContents(
  db: D1Database,
  contents: readonly ContentRow[],
  cutoff: number,
): Promise<number> {
  const result = await statement(
    db,
    `delete from contents where id in (
       select c.id from json_each(?1) i
       join contents c on c.id = i.value ->> 0 and c.message_id = i.value ->> 1
       left join messages m on m.id = c.message_id
       where m.id is null or ${TERMINAL_AT} <= ?2)`,
    JSON.stringify(contents.map(({ id, messageId }) => [id, messageId])),
    cutoff,
  ).run();
  return changesOf(result);
}

/** Deletes the oldest log rows that were committed up to `cutoff`; the newest row always stays. */
export async function deleteLogRows(db: D1Database, cutoff: number): Promise<number> {
  const result = await statement(
    db,
    `delete from event_log where position in (
       select position from event_log
       where position < ?1 and position < (select max(position) from event_log)
       order by position limit ?2)`,
    positionAt(cutoff + 1),
    STEP_ROWS,
  ).run();
  return changesOf(result);
}

/** Deletes failures that ran out of tries, or whose endpoint is disabled, and were kept since `cutoff`. */
export async function deleteExhaustedJobs(db: D1Database, cutoff: number): Promise<number> {
  const result = await statement(
    db,
    `delete from webhook_jobs where id in (
       select id from webhook_jobs
       where id < ?1 and created_at <= ?2 and due_at is null order by id limit ?3)`,
    uuidv7Bound(cutoff + 1),
    cutoff,
    STEP_ROWS,
  ).run();
  return changesOf(result);
}

function changesOf(result: D1Result | undefined): number {
  return result?.meta.changes ?? 0;
}

/** Where a walk goes on; null when at the start. */
export async function findWalk(db: D1Database, name: WalkName): Promise<Walk | null> {
  const found = await rows<Walk>(
    statement(
      db,
      "select name, after, started_at as startedAt from purge_walks where name = ?1",
      name,
    ),
  );
  return found[0] ?? null;
}

/** Keeps how far a walk came; it started when that was kept first. */
export async function saveWalk(db: D1Database, walk: Walk): Promise<void> {
  await statement(
    db,
    `insert into purge_walks (name, after, started_at) values (?1, ?2, ?3)
     on conflict (name) do update set after = excluded.after`,
    walk.name,
    walk.after,
    walk.startedAt,
  ).run();
}

/** Lets a walk start again. */
export async function forgetWalk(db: D1Database, name: WalkName): Promise<void> {
  await statement(db, "delete from purge_walks where name = ?1", name).run();
}

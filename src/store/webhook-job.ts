// SQL of what an endpoint's tail reads and commits: events after the cursor, jobs that are due, and the
// outcome of one pass as one transaction.
import type { Webhook, WebhookJob } from "../model/webhook.ts";
import { batch, rowsOf, statement, twice } from "./db.ts";
import { decodeToldRow, type EventRow, logPieceSql, readRows, type ToldRow } from "./event.ts";
import { decodeWebhook, shelveJobs, WEBHOOK_COLUMNS, type WebhookRow } from "./webhook.ts";

/** What there is to do for an endpoint. */
export type TailWork = {
  readonly webhook: Webhook;
  /** Due jobs, oldest first; a few. */
  readonly jobs: readonly WebhookJob[];
  /** Rows of the event log after the cursor; a few. */
  readonly log: readonly ToldRow[];
  /** When the next job is due that is not due yet. */
  readonly nextDueAt: number | null;
};

/** A pass takes so many due jobs; each holds at most some hundred entries. */
const JOBS_A_PASS = 4;

/** Lone sends make one row per event, so many rows; busy ones make big rows, so a bound in bytes. */
const LOG_ROWS_A_PASS = 100;

/** Rows are taken while those before them are below this: about 150 events, plus one row. */
const LOG_BYTES_A_PASS = 80_000;

type JobRow = {
  id: string;
  webhook_id: string;
  due_at: number | null;
  tries: number;
  entries: string;
  range_from: number | null;
  range_to: number | null;
};

/** Reads an endpoint and its work in one round trip; null when there is no such endpoint. */
export async function readTailWork(
  db: D1Database,
  webhookId: string,
  now: number,
): Promise<TailWork | null> {
  const [webhooks, jobs, log, next] = await batch(db, [
    statement(db, `select ${WEBHOOK_COLUMNS} from webhooks where id = ?1`, webhookId),
    statement(
      db,
      `select id, webhook_id, due_at, tries, entries, range_from, range_to from webhook_jobs
       where webhook_id = ?1 and due_at <= ?2 order by due_at, id limit ?3`,
      webhookId,
      now,
      JOBS_A_PASS,
    ),
    statement(
      db,
      logPieceSql("(select cursor from webhooks where id = ?1)", "?4"),
      webhookId,
      LOG_ROWS_A_PASS,
      LOG_BYTES_A_PASS,
      Number.MAX_SAFE_INTEGER,
    ),
    statement(
      db,
      "select min(due_at) as due_at from webhook_jobs where webhook_id = ?1 and due_at > ?2",
      webhookId,
      now,
    ),
  ]);
  const webhook = rowsOf<WebhookRow>(webhooks)[0];
  if (!webhook) return null;
  return {
    webhook: decodeWebhook(webhook),
    jobs: rowsOf<JobRow>(jobs).map(decodeJob),
    log: rowsOf<EventRow>(log).map(decodeToldRow),
    nextDueAt: rowsOf<{ due_at: number | null }>(next)[0]?.due_at ?? null,
  };
}

/** A piece of the event log: the first rows after `from`, up to and including `to`. */
export async function readLogPiece(
  db: D1Database,
  range: { readonly from: number; readonly to: number },
): Promise<readonly ToldRow[]> {
  const piece = { rows: LOG_ROWS_A_PASS, size: LOG_BYTES_A_PASS };
  const found = await readRows(db, { after: range.from, upTo: range.to }, piece);
  return found.map(decodeToldRow);
}

/** What a pass came to; times in epoch milliseconds. */
export type PassOutcome = {
  readonly webhookId: string;
  readonly now: number;
  /** The new cursor, or null when it does not move. */
  readonly cursor: number | null;
  readonly failingSince: number | null;
  /** Why the endpoint is disabled by this pass, or null. */
  readonly disable: string | null;
  /** Jobs with work left, in their new form. */
  readonly changed: readonly WebhookJob[];
  readonly finished: readonly string[];
  readonly added: readonly WebhookJob[];
};

/**
 * Commits a pass as one transaction. The cursor never moves back; a job of an endpoint that was
 * disabled meanwhile waits for nothing; an endpoint that was deleted meanwhile gets nothing. A failure is tried
 * again at once: the second time changes nothing, and what was posted would be posted again.
 */
export async function commitPass(db: D1Database, pass: PassOutcome): Promise<void> {
  const { webhookId, disable } = pass;
  const statements = [
    updateEndpoint(db, pass),
    ...pass.finished.map((id) => statement(db, "delete from webhook_jobs where id = ?1", id)),
    ...pass.changed.map((job) => changeJob(db, job)),
    ...pass.added.map((job) => addJob(db, job, pass.now)),
    ...(disable === null ? [] : shelveJobs(db, webhookId)),
  ];
  await twice(() => batch(db, statements));
}

/** Writes only what differs: an endpoint's row is written once per pass at most. */
function updateEndpoint(db: D1Database, pass: PassOutcome): D1PreparedStatement {
  const disables = "(?4 is not null and state = 'enabled')";
  return statement(
    db,
    `update webhooks set
       cursor = max(cursor, coalesce(?2, cursor)),
       failing_since = ?3,
       disabled_reason = case when ${disables} then ?4 else disabled_reason end,
       updated_at = case when ${disables} then ?5 else updated_at end,
       state = case when ${disables} then 'disabled' else state end
     where id = ?1 and (cursor < ?2 or failing_since is not ?3 or ${disables})`,
    pass.webhookId,
    pass.cursor,
    pass.failingSince,
    pass.disable,
    pass.now,
  );
}

function changeJob(db: D1Database, job: WebhookJob): D1PreparedStatement {
  return statement(
    db,
    `update webhook_jobs set
       due_at = (select case when state = 'enabled' then ?3 end from webhooks where id = ?2),
       tries = ?4, entries = ?5, range_from = ?6, range_to = ?7
     where id = ?1`,
    job.id,
    job.webhookId,
    job.dueAt,
    job.tries,
    JSON.stringify(job.entries),
    job.range?.from ?? null,
    job.range?.to ?? null,
  );
}

function addJob(db: D1Database, job: WebhookJob, now: number): D1PreparedStatement {
  return statement(
    db,
    `insert into webhook_jobs (id, webhook_id, due_at, tries, entries, range_from, range_to, created_at)
     select ?1, id, case when state = 'enabled' then ?3 end, ?4, ?5, ?6, ?7, ?8
     from webhooks where id = ?2
     on conflict do nothing`,
    job.id,
    job.webhookId,
    job.dueAt,
    job.tries,
    JSON.stringify(job.entries),
    job.range?.from ?? null,
    job.range?.to ?? null,
    now,
  );
}

function decodeJob(row: JobRow): WebhookJob {
  const entries: WebhookJob["entries"] = JSON.parse(row.entries);
  return {
    id: row.id,
    webhookId: row.webhook_id,
    dueAt: row.due_at,
    tries: row.tries,
    entries,
    range:
      row.range_from === null || row.range_to === null
        ? null
        : { from: row.range_from, to: row.range_to },
  };
}

// SQL of how far an endpoint has come: where it reads, what waits for it, which periods it gets once more.
import type { Webhook } from "../model/webhook.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { timeAt } from "./event.ts";
import { decodeWebhook, WEBHOOK_COLUMNS, type WebhookRow } from "./webhook.ts";

/** A period that is being posted once more: log positions after `after` (how far it is) up to `upTo`. */
export type Replay = {
  readonly id: string;
  readonly after: number;
  readonly upTo: number;
  readonly askedAt: number;
};

/** How far an endpoint has come; times in epoch ms. */
export type Progress = {
  readonly webhook: Webhook;
  /** The commit time of the first event that it has not read. */
  readonly unreadSince: number | null;
  readonly waiting: number;
  readonly exhausted: number;
  /** False when more is kept than was counted. */
  readonly isAll: boolean;
  readonly nextTryAt: number | null;
  readonly replays: readonly Replay[];
};

/** Jobs whose entries are counted, of up to a hundred each: some MB to read. */
const JOBS_COUNTED = 100;

/** The next try first, what is exhausted last. */
const WAITING_FIRST = "due_at is null, due_at";

/** Nobody reads more of them. */
const REPLAYS_SHOWN = 20;

type JobRow = { due_at: number | null; size: number };
type ReplayRow = { id: string; range_from: number; range_to: number; created_at: number };

/** Reads it in one round trip; null when there is no such endpoint. */
export async function readProgress(db: D1Database, id: string): Promise<Progress | null> {
  const [webhooks, unread, jobs, replays] = await batch(db, [
    statement(db, `select ${WEBHOOK_COLUMNS} from webhooks where id = ?1`, id),
    statement(
      db,
      `select min(position) as next from event_log
       where position > (select cursor from webhooks where id = ?1)`,
      id,
    ),
    statement(
      db,
      `select due_at, json_array_length(entries) as size from webhook_jobs where id in (
         select id from webhook_jobs where webhook_id = ?1 and range_to is null
         order by ${WAITING_FIRST} limit ?2)
       order by ${WAITING_FIRST}`,
      id,
      JOBS_COUNTED + 1,
    ),
    statement(
      db,
      `select id, range_from, range_to, created_at from webhook_jobs
       where webhook_id = ?1 and range_to is not null order by id limit ?2`,
      id,
      REPLAYS_SHOWN,
    ),
  ]);
  const webhook = rowsOf<WebhookRow>(webhooks)[0];
  if (!webhook) return null;
  const next = rowsOf<{ next: number | null }>(unread)[0]?.next ?? null;
  const kept = rowsOf<JobRow>(jobs);
  const counted = kept.slice(0, JOBS_COUNTED);
  const due = counted.flatMap(({ due_at: dueAt }) => dueAt ?? []);
  return {
    webhook: decodeWebhook(webhook),
    unreadSince: next === null ? null : timeAt(next),
    waiting: sum(counted.filter(({ due_at: dueAt }) => dueAt !== null)),
    exhausted: sum(counted.filter(({ due_at: dueAt }) => dueAt === null)),
    isAll: kept.length <= JOBS_COUNTED,
    nextTryAt: due.length === 0 ? null : Math.min(...due),
    replays: rowsOf<ReplayRow>(replays).map((row) => ({
      id: row.id,
      after: row.range_from,
      upTo: row.range_to,
      askedAt: row.created_at,
    })),
  };
}

function sum(jobs: readonly JobRow[]): number {
  return jobs.reduce((total, { size }) => total + size, 0);
}

// SQL of failures as people see them, and of asking for an event or a range once more.
import { timeOfUuidv7, uuidv7Bound } from "../lib/id.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { WebhookEntry } from "../model/webhook.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import { positionAt, positionBefore } from "./event.ts";

/** An event may be committed so much later than its id was made (long batches). */
const COMMITTED_AFTER_MS = 300_000;

/** An event that an endpoint has not got: waiting for its next try, or exhausted. */
export type WebhookFailure = {
  readonly id: string;
  readonly at: number;
  readonly event: WebhookEntry["event"];
  readonly error: string;
  readonly tries: number;
  readonly dueAt: number | null;
};

type Kept = { entry: string; tries: number; due_at: number | null };

type FailureRow = Kept & { job_id: string; place: number };

/** Where a page of failures ended: a job and the place of an entry in it. */
export type FailurePlace = { readonly jobId: string; readonly index: number };

/** A page of the failures of an endpoint, those that were kept first first. */
export async function listFailures(
  db: D1Database,
  page: { readonly webhookId: string; readonly after: FailurePlace | null; readonly limit: number },
): Promise<{ readonly failures: readonly WebhookFailure[]; readonly next: FailurePlace | null }> {
  const found = await rows<FailureRow>(
    statement(
      db,
      `select j.id as job_id, e.key as place, e.value as entry, j.tries, j.due_at
       from webhook_jobs j, json_each(j.entries) e
       where j.webhook_id = ?1 and (j.id, e.key) > (?2, ?3)
       order by j.id, e.key limit ?4`,
      page.webhookId,
      page.after?.jobId ?? "",
      page.after?.index ?? -1,
      page.limit + 1,
    ),
  );
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    failures: shown.map(decodeFailure),
    next: found.length > page.limit && last ? { jobId: last.job_id, index: last.place } : null,
  };
}

function decodeFailure(row: Kept): WebhookFailure {
  const entry: WebhookEntry = JSON.parse(row.entry);
  const { id, at, event, error } = entry;
  return { id, at, event, error, tries: row.tries, dueAt: row.due_at };
}

/** Jobs that are looked through for one message: those kept first since it was accepted. */
const JOBS_OF_A_MESSAGE = 200;

/**
 * What endpoints have not got of one message, by endpoint. `isAll` is false when so much failed since then that
 * not all of it was looked through.
 */
export async function failuresOfMessage(
  db: D1Database,
  messageId: string,
): Promise<{
  readonly failures: readonly (WebhookFailure & { readonly webhookId: string })[];
  readonly isAll: boolean;
}> {
  const since = uuidv7Bound(timeOfUuidv7(messageId));
  const jobs = "select * from webhook_jobs where id >= ?1 order by id limit ?2";
  const [found, counted] = await batch(db, [
    statement(
      db,
      `select j.webhook_id, e.value as entry, j.tries, j.due_at from (${jobs}) j, json_each(j.entries) e
       where instr(j.entries, ?3) > 0 and instr(e.value, ?3) > 0 order by j.id, e.key`,
      since,
      JOBS_OF_A_MESSAGE,
      messageId,
    ),
    statement(db, `select 1 from (${jobs})`, since, JOBS_OF_A_MESSAGE + 1),
  ]);
  const failures = rowsOf<Kept & { webhook_id: string }>(found).map((row) => ({
    ...decodeFailure(row),
    webhookId: row.webhook_id,
  }));
  return { failures, isAll: rowsOf(counted).length <= JOBS_OF_A_MESSAGE };
}

/**
 * Moves a waiting or exhausted event into a job of its own that is due at once, with its tries counted
 * anew; false when the endpoint keeps no such event.
 */
export async function retryKept(
  db: D1Database,
  ask: {
    readonly webhookId: string;
    readonly eventId: string;
    readonly jobId: string;
    readonly now: number;
  },
): Promise<boolean> {
  const [moved] = await batch(db, [
    statement(
      db,
      `insert into webhook_jobs (id, webhook_id, due_at, tries, entries, created_at)
       select ?3, ?1, ?4, 0, json_array(json(e.value)), ?4
       from webhook_jobs j, json_each(j.entries) e
       where j.webhook_id = ?1 and json_extract(e.value, '$.id') = ?2 limit 1
       returning id`,
      ask.webhookId,
      ask.eventId,
      ask.jobId,
      ask.now,
    ),
    statement(
      db,
      `update webhook_jobs set entries = (
         select json_group_array(json(e.value)) from json_each(webhook_jobs.entries) e
         where json_extract(e.value, '$.id') <> ?2)
       where webhook_id = ?1 and id <> ?3 and exists (
         select 1 from json_each(webhook_jobs.entries) e where json_extract(e.value, '$.id') = ?2)`,
      ask.webhookId,
      ask.eventId,
      ask.jobId,
    ),
    statement(
      db,
      `delete from webhook_jobs where webhook_id = ?1 and entries = '[]' and range_to is null`,
      ask.webhookId,
    ),
  ]);
  return (moved?.results.length ?? 0) > 0;
}

/** The event of the log with this id (a UUIDv7, whose time finds its place), or null. */
export async function findEvent(db: D1Database, eventId: string): Promise<DeliveryEvent | null> {
  const found = await rows<{ event: string }>(
    statement(
      db,
      `select e.value as event from event_log l, json_each(l.events) e
       where l.position between ?1 and ?2 and instr(l.events, ?3) > 0
         and json_extract(e.value, '$.id') = ?3
       limit 1`,
      positionBefore(eventId),
      positionAt(timeOfUuidv7(eventId) + COMMITTED_AFTER_MS),
      eventId,
    ),
  );
  const event: DeliveryEvent | null = found[0] ? JSON.parse(found[0].event) : null;
  return event;
}

/** Asks for one entry at once. */
export async function insertRetry(
  db: D1Database,
  ask: {
    readonly jobId: string;
    readonly webhookId: string;
    readonly entry: WebhookEntry;
    readonly now: number;
  },
): Promise<void> {
  await statement(
    db,
    `insert into webhook_jobs (id, webhook_id, due_at, tries, entries, created_at)
     values (?1, ?2, ?3, 0, ?4, ?3)`,
    ask.jobId,
    ask.webhookId,
    ask.now,
    JSON.stringify([ask.entry]),
  ).run();
}

/**
 * Asks for all events that were committed from `from` to `to` (epoch ms, both included). What the
 * cursor has not reached yet is left to it, so that nothing is posted twice.
 */
export async function insertReplay(
  db: D1Database,
  ask: {
    readonly jobId: string;
    readonly webhookId: string;
    readonly from: number;
    readonly to: number;
    readonly now: number;
  },
): Promise<void> {
  await statement(
    db,
    `insert into webhook_jobs (id, webhook_id, due_at, tries, entries, range_from, range_to, created_at)
     select ?1, id, ?3, 0, '[]', ?4, min(?5, cursor), ?3 from webhooks where id = ?2`,
    ask.jobId,
    ask.webhookId,
    ask.now,
    positionAt(ask.from) - 1,
    positionAt(ask.to + 1) - 1,
  ).run();
}

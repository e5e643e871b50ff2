// SQL of failures as people see them: what endpoints have not got.
import { timeOfUuidv7, uuidv7Bound } from "../lib/id.ts";
import type { WebhookEntry } from "../model/webhook.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

/** An event that an endpoint has not got: waiting for its next try, or exhausted (no `dueAt`). */
export type WebhookFailure = {
  readonly entry: WebhookEntry;
  readonly tries: number;
  readonly dueAt: number | null;
};

type Kept = { entry: string; tries: number; due_at: number | null };

type FailureRow = Kept & { job_id: string; place: number };

/** Where a page of failures ended: a job and the place of an entry in it. */
export type FailurePlace = { readonly jobId: string; readonly index: number };

type PageAsk = {
  readonly webhookId: string;
  /** `asc`: what was kept first comes first. */
  readonly order: "asc" | "desc";
  readonly after: FailurePlace | null;
  readonly limit: number;
};

/** A page of the failures of an endpoint, in the order in which they were kept. */
export async function listFailures(
  db: D1Database,
  { webhookId, order, after, limit }: PageAsk,
): Promise<{ readonly failures: readonly WebhookFailure[]; readonly next: FailurePlace | null }> {
  const beyond = order === "asc" ? ">" : "<";
  const found = await rows<FailureRow>(
    statement(
      db,
      `select j.id as job_id, e.key as place, e.value as entry, j.tries, j.due_at
       from webhook_jobs j, json_each(j.entries) e
       where j.webhook_id = ?1 and (?2 is null or (j.id, e.key) ${beyond} (?2, ?3))
       order by j.id ${order}, e.key ${order} limit ?4`,
      webhookId,
      after?.jobId ?? null,
      after?.index ?? null,
      limit + 1,
    ),
  );
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    failures: shown.map(decodeFailure),
    next: found.length > limit && last ? { jobId: last.job_id, index: last.place } : null,
  };
}

/** What an endpoint has not got of one event, or null. */
export async function findFailure(
  db: D1Database,
  ask: { readonly webhookId: string; readonly eventId: string },
): Promise<WebhookFailure | null> {
  const found = await rows<Kept>(
    statement(
      db,
      `select e.value as entry, j.tries, j.due_at from webhook_jobs j, json_each(j.entries) e
       where j.webhook_id = ?1 and instr(j.entries, ?2) > 0 and json_extract(e.value, '$.id') = ?2
       order by j.id desc limit 1`,
      ask.webhookId,
      ask.eventId,
    ),
  );
  return found[0] ? decodeFailure(found[0]) : null;
}

function decodeFailure(row: Kept): WebhookFailure {
  const entry: WebhookEntry = JSON.parse(row.entry);
  return { entry, tries: row.tries, dueAt: row.due_at };
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

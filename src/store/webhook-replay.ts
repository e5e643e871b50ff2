// SQL of asking for an event, a range or all that failed once more.
import { timeOfUuidv7 } from "../lib/id.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { WebhookEntry } from "../model/webhook.ts";
import { batch, rows, statement } from "./db.ts";
import { positionAt, positionBefore } from "./event.ts";

/** An event may be committed so much later than its id was made (long batches). */
const COMMITTED_AFTER_MS = 300_000;

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

/** Makes everything that waits or is exhausted due at once, with its tries counted anew; ranges go on. */
export async function retryAllKept(
  db: D1Database,
  ask: { readonly webhookId: string; readonly now: number },
): Promise<void> {
  await statement(
    db,
    `update webhook_jobs set due_at = ?2, tries = 0 where webhook_id = ?1 and range_to is null`,
    ask.webhookId,
    ask.now,
  ).run();
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

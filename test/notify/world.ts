// The world of webhook tests: an App on the real bindings with a clock that the test owns, events put
// into the log, endpoints put beside them.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type App, makeApp } from "../../src/app.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { seal } from "../../src/lib/seal.ts";
import { makeWebhookSecret } from "../../src/lib/standard-webhooks.ts";
import type { DeliveryEvent, EventName } from "../../src/model/event.ts";
import { sealPurpose, type Webhook } from "../../src/model/webhook.ts";
import { findWebhook, insertWebhook } from "../../src/store/webhook.ts";

/** A clock that stands still until the test moves it. */
export type Clock = { now: number };

/** An App over the test's bindings whose clock is the test's and whose jitter is none. */
export function testApp(overrides: Partial<App> = {}): App {
  return { ...makeApp(env, createExecutionContext()), random: () => 0.5, log() {}, ...overrides };
}

/** Empties the tables of events and webhooks. */
export async function emptyTables(): Promise<void> {
  const tables = ["webhooks", "webhook_jobs", "event_log"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
}

/** A new endpoint at the head of the log, with its secret in clear. */
export async function putWebhook(
  app: App,
  url: string,
  events: readonly EventName[] | null = null,
): Promise<Webhook & { readonly secret: string }> {
  const id = app.newId();
  const secret = makeWebhookSecret();
  const sealedSecret = await seal(app.config.encryptionKey, sealPurpose(id), secret);
  const webhook = await insertWebhook(
    app.db,
    { id, url, events, format: "kasplo", sealedSecret, createdAt: app.now() },
    50,
  );
  if (!webhook) throw new Error("there are 50 webhooks already");
  return { ...webhook, secret };
}

/** The endpoint as it is stored now. */
export async function stored(app: App, id: string): Promise<Webhook> {
  const webhook = await findWebhook(app.db, id);
  if (!webhook) throw new Error(`webhook ${id} is gone`);
  return webhook;
}

/** An event of a moment, a good delivery unless told otherwise. */
export function anEvent(
  at: number,
  name: "delivery_attempt" | "bounce_all" | "bounce_bad_address" = "delivery_attempt",
): DeliveryEvent {
  const base = {
    id: uuidv7(at),
    at,
    messageId: "01890000-0000-7000-8000-000000000001",
    position: 0,
    email: "ada@example.com",
    tags: "Order-7",
    sendId: "Send-1",
    listId: "List-1",
  };
  const text = "192.0.2.1 accepted message.\nRemote host said: 250 2.0.0 OK\n";
  if (name === "delivery_attempt") {
    return { ...base, name, from: "shop@edgepost.test", injectedAt: at, text, status: "success" };
  }
  return { ...base, name, bounceType: "h", bounceCode: 10, text };
}

/** Commits events as one row of the log; answers its position. */
export async function logEvents(events: readonly DeliveryEvent[]): Promise<number> {
  const at = Math.max(...events.map((event) => event.at)) * 1000;
  const row = await env.DB.prepare(
    `insert into event_log (position, events)
     select max(?1, coalesce(max(position), 0) + 1), ?2 from event_log returning position`,
  )
    .bind(at, JSON.stringify(events))
    .first<{ position: number }>();
  if (!row) throw new Error("the log took no row");
  return row.position;
}

/** A kept job as a test looks at it. */
export type JobSeen = { due_at: number | null; tries: number; entries: string };

/** Everything that is kept for an endpoint. */
export async function jobsOf(id: string): Promise<readonly JobSeen[]> {
  const found = await env.DB.prepare(
    "select due_at, tries, entries from webhook_jobs where webhook_id = ?1 order by id",
  )
    .bind(id)
    .all<JobSeen>();
  return found.results;
}

/** A database whose batches are told to the test: `run` does the batch of the given number, from 1. */
export function watchedBatches(
  db: D1Database,
  watch: (nth: number, run: () => Promise<D1Result[]>) => Promise<D1Result[]>,
): D1Database {
  let batches = 0;
  return new Proxy(db, {
    get(target, name) {
      if (name !== "batch") return Reflect.get(target, name).bind(target);
      return (statements: D1PreparedStatement[]) =>
        watch(++batches, () => target.batch(statements));
    },
  });
}

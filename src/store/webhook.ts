// SQL of webhook endpoints. Settings are written for /v1/webhooks; the cursor and what follows from
// posting are written by the endpoint's tail alone (webhook-job.ts).
import type { Webhook } from "../model/webhook.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

/** A row of webhooks as D1 gives it. */
export type WebhookRow = {
  id: string;
  url: string;
  events: string | null;
  format: Webhook["format"];
  secret: string;
  previous_secret: string | null;
  previous_until: number | null;
  cursor: number;
  state: Webhook["state"];
  disabled_reason: string | null;
  failing_since: number | null;
  created_at: number;
  updated_at: number;
};

/** The columns of WebhookRow. */
export const WEBHOOK_COLUMNS = `id, url, events, format, secret, previous_secret, previous_until,
  cursor, state, disabled_reason, failing_since, created_at, updated_at`;

/** Where the event log ends now; the log may be empty. */
const HEAD = "(select coalesce(max(position), 0) from event_log)";

/** What a new endpoint is made of; it starts at the head of the event log. */
export type NewWebhook = Pick<
  Webhook,
  "id" | "url" | "events" | "format" | "sealedSecret" | "createdAt"
>;

/** Stores a new, enabled endpoint, unless there are `limit` already: then null. */
export async function insertWebhook(
  db: D1Database,
  webhook: NewWebhook,
  limit: number,
): Promise<Webhook | null> {
  const found = await rows<WebhookRow>(
    statement(
      db,
      `insert into webhooks (id, url, events, format, secret, cursor, state, created_at, updated_at)
       select ?1, ?2, ?3, ?4, ?5, ${HEAD}, 'enabled', ?6, ?6
       where (select count(*) from webhooks) < ?7
       returning ${WEBHOOK_COLUMNS}`,
      webhook.id,
      webhook.url,
      encodeEvents(webhook.events),
      webhook.format,
      webhook.sealedSecret,
      webhook.createdAt,
      limit,
    ),
  );
  return first(found);
}

/** The endpoint with this id, or null. */
export async function findWebhook(db: D1Database, id: string): Promise<Webhook | null> {
  const sql = `select ${WEBHOOK_COLUMNS} from webhooks where id = ?1`;
  return first(await rows<WebhookRow>(statement(db, sql, id)));
}

/** Every endpoint, oldest first. */
export async function listWebhooks(db: D1Database): Promise<readonly Webhook[]> {
  const sql = `select ${WEBHOOK_COLUMNS} from webhooks order by id`;
  return (await rows<WebhookRow>(statement(db, sql))).map(decodeWebhook);
}

/** What may be changed of an endpoint; what is absent stays. */
export type WebhookChange = {
  readonly url?: string | undefined;
  readonly events?: Webhook["events"] | undefined;
  readonly state?: Webhook["state"] | undefined;
};

/**
 * Changes an endpoint; null when there is none. Disabling exhausts what waits and forgets replays;
 * enabling a disabled endpoint starts at the head of the event log.
 */
export async function updateWebhook(
  db: D1Database,
  change: WebhookChange & { readonly id: string; readonly now: number },
): Promise<Webhook | null> {
  const { id, url, events, state, now } = change;
  const starts = "state = 'disabled' and ?5 = 'enabled'";
  const update = statement(
    db,
    `update webhooks set
       url = coalesce(?2, url),
       events = case when ?3 then ?4 else events end,
       cursor = case when ${starts} then max(cursor, ${HEAD}) else cursor end,
       failing_since = case when ${starts} then null else failing_since end,
       disabled_reason = case when ?5 = 'enabled' then null
         when ?5 = 'disabled' and state = 'enabled' then 'disabled by request'
         else disabled_reason end,
       state = coalesce(?5, state),
       updated_at = ?6
     where id = ?1
     returning ${WEBHOOK_COLUMNS}`,
    id,
    url ?? null,
    events === undefined ? 0 : 1,
    encodeEvents(events ?? null),
    state ?? null,
    now,
  );
  const shelve = state === "disabled" ? shelveJobs(db, id) : [];
  const [updated] = await batch(db, [update, ...shelve]);
  return first(rowsOf<WebhookRow>(updated));
}

/** Statements that stop everything which a disabled endpoint still waited for. */
export function shelveJobs(db: D1Database, webhookId: string): readonly D1PreparedStatement[] {
  const disabled = "exists (select 1 from webhooks w where w.id = ?1 and w.state = 'disabled')";
  return [
    statement(
      db,
      `delete from webhook_jobs where webhook_id = ?1 and range_to is not null and ${disabled}`,
      webhookId,
    ),
    statement(
      db,
      `update webhook_jobs set due_at = null
       where webhook_id = ?1 and due_at is not null and ${disabled}`,
      webhookId,
    ),
  ];
}

/** Puts a new secret beside the old one, which signs until `previousUntil`; null when not found. */
export async function rotateSecret(
  db: D1Database,
  rotation: {
    readonly id: string;
    readonly sealedSecret: string;
    readonly previousUntil: number;
    readonly now: number;
  },
): Promise<Webhook | null> {
  const found = await rows<WebhookRow>(
    statement(
      db,
      `update webhooks set previous_secret = secret, previous_until = ?3, secret = ?2, updated_at = ?4
       where id = ?1
       returning ${WEBHOOK_COLUMNS}`,
      rotation.id,
      rotation.sealedSecret,
      rotation.previousUntil,
      rotation.now,
    ),
  );
  return first(found);
}

/** Deletes an endpoint and all that it waited for; false when there is none. */
export async function deleteWebhook(db: D1Database, id: string): Promise<boolean> {
  const [deleted] = await batch(db, [
    statement(db, "delete from webhooks where id = ?1 returning id", id),
    statement(db, "delete from webhook_jobs where webhook_id = ?1", id),
  ]);
  return (deleted?.results.length ?? 0) > 0;
}

/** Who follows the event log: the enabled endpoints, and whether anybody watches the live feed at `now`. */
export async function followersOfLog(
  db: D1Database,
  now: number,
): Promise<{ readonly webhookIds: readonly string[]; readonly watched: boolean }> {
  const [enabled, watched] = await batch(db, [
    statement(db, "select id from webhooks where state = 'enabled' order by id"),
    statement(db, "select id from live_feed where watched_until > ?1", now),
  ]);
  const webhookIds = rowsOf<{ id: string }>(enabled).map(({ id }) => id);
  return { webhookIds, watched: rowsOf(watched).length > 0 };
}

/** Ids of the enabled endpoints that have something to read or to try again at `now`. */
export async function endpointsToWake(db: D1Database, now: number): Promise<readonly string[]> {
  const found = await rows<{ id: string }>(
    statement(
      db,
      `select w.id from webhooks w
       where w.state = 'enabled' and (w.cursor < ${HEAD} or exists (
         select 1 from webhook_jobs j where j.webhook_id = w.id and j.due_at <= ?1))
       order by w.id`,
      now,
    ),
  );
  return found.map((row) => row.id);
}

function first(found: readonly WebhookRow[]): Webhook | null {
  return found[0] ? decodeWebhook(found[0]) : null;
}

/** A row as the product knows it. */
export function decodeWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    url: row.url,
    events: decodeEvents(row.events),
    format: row.format,
    sealedSecret: row.secret,
    sealedPrevious: row.previous_secret,
    previousUntil: row.previous_until,
    cursor: row.cursor,
    state: row.state,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function decodeEvents(text: string | null): Webhook["events"] {
  const events: Webhook["events"] = text === null ? null : JSON.parse(text);
  return events;
}

function encodeEvents(events: Webhook["events"]): string | null {
  return events === null ? null : JSON.stringify(events);
}

// What the database says after a test: deliveries with their history, events, counts. Reads the real
// binding, never through a fault.
import { env } from "cloudflare:workers";
import { forgetPlan } from "../../src/accept/plan.ts";
import type { App } from "../../src/app.ts";
import type { Attempt, DeliveryState } from "../../src/model/delivery.ts";
import { type DeliveryEvent, isEvent, type LogEntry } from "../../src/model/event.ts";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import type { SmtpPeer } from "../peers/client.ts";
import { bytesOf } from "../peers/client.ts";

const LEDGER = [
  "messages",
  "contents",
  "deliveries",
  "suppressions",
  "suppression_changes",
  "relays",
  "relay_health",
  "pools",
  "pool_rules",
  "throttles",
  "intakes",
  "event_log",
  "webhooks",
  "webhook_jobs",
  "account",
  "credit_ledger",
  "purge_walks",
  "exports",
  "stats_hours",
  "stats_days",
  "stats_cursor",
  "usage_days",
  "inbound_counts",
  "erasures",
  "lists",
  "custom_fields",
  "tags",
  "contacts",
  "memberships",
  "contact_tags",
  "contact_jobs",
  "imports",
  "import_errors",
  "list_campaigns",
  "list_delete_codes",
  "seed_lists",
  "list_numbers",
] as const;

/** More than any delivery needs after its faults are over. */
const MAX_ROUNDS = 60;

/** Empties every table but those of keys and sender identities. */
export async function emptyLedger(): Promise<void> {
  forgetPlan();
  await env.DB.batch(LEDGER.map((table) => env.DB.prepare(`delete from ${table}`)));
}

/** Tables that `emptyLedger` leaves as they are, and tests count. */
type Lasting = "keys" | "users" | "sessions" | "audit_log" | "second_factors" | "recovery_codes";

/** Rows of a table. */
export async function countOf(table: (typeof LEDGER)[number] | Lasting): Promise<number> {
  const row = await env.DB.prepare(`select count(*) as n from ${table}`).first<{ n: number }>();
  return row?.n ?? 0;
}

/** A delivery as a test looks at it. */
export type DeliverySeen = {
  readonly recipient: string;
  readonly messageId: string;
  readonly position: number;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly leaseId: string | null;
  readonly leaseUntil: number | null;
  readonly losses: number;
  readonly marker: number;
  readonly attempts: number;
  readonly history: readonly Attempt[];
};

/** Every delivery, by message and position. */
export async function deliveries(): Promise<readonly DeliverySeen[]> {
  const { results } = await env.DB.prepare(
    `select recipient, message_id as messageId, position, state, due_at as dueAt,
       lease_id as leaseId, lease_until as leaseUntil, lease_losses as losses, marker, attempts,
       history from deliveries order by message_id, position`,
  ).all<Omit<DeliverySeen, "history"> & { history: string }>();
  return results.map((row) => {
    const history: readonly Attempt[] = JSON.parse(row.history);
    return { ...row, history };
  });
}

/** The only delivery there is. */
export async function onlyDelivery(): Promise<DeliverySeen> {
  const [delivery, ...more] = await deliveries();
  if (!delivery || more.length > 0) throw new Error(`there are ${more.length + 1} or 0 deliveries`);
  return delivery;
}

/** How many deliveries are in each state. */
export async function states(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { state } of await deliveries()) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Every event of the log, oldest first, without what nobody is told. */
export async function events(): Promise<readonly DeliveryEvent[]> {
  const { results } = await env.DB.prepare("select events from event_log order by position").all<{
    events: string;
  }>();
  return results.flatMap((row) => {
    const batch: readonly LogEntry[] = JSON.parse(row.events);
    return batch.filter(isEvent);
  });
}

/** Each accepted copy at a peer as `<message id> → recipient`; a duplicate stands in it twice. */
export async function copies(peer: SmtpPeer): Promise<readonly string[]> {
  const { messages } = await peer.log();
  return messages
    .filter(({ accepted }) => accepted)
    .map(({ content, to }) => `${messageIdOf(content)} → ${to.join(", ")}`);
}

/** The Message-ID of a logged content. */
export function messageIdOf(content: string): string {
  const text = new TextDecoder().decode(bytesOf(content));
  return /^Message-ID: (.*)\r$/im.exec(text)?.[1] ?? "";
}

/** Sweeps and consumes, each time as soon as something is due, until no delivery is due any more. */
export async function drain(
  app: App & { readonly idle: () => Promise<void> },
  clock: { readonly advance: (ms: number) => void },
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const due = (await deliveries()).flatMap(({ dueAt, leaseUntil }) =>
      dueAt === null ? [] : [Math.max(dueAt, leaseUntil ?? 0)],
    );
    if (due.length === 0) return;
    clock.advance(Math.max(0, Math.min(...due) - app.now()));
    await sweep(app);
    await consume(app);
    await app.idle();
  }
  throw new Error(`deliveries are still due after ${MAX_ROUNDS} rounds`);
}

// The conductor of tracking: a batch of opens and clicks → one event log row and one update per delivery
// → wake the webhooks. The same fact twice counts once; a batch that failed is simply done again.
import type { App } from "../app.ts";
import { type Activity, type DeliveryState, isReport, MAX_ACTIVITY } from "../model/delivery.ts";
import type { DeliveryEvent } from "../model/event.ts";
import type { Fact } from "../model/fact.ts";
import {
  type ActivityEntry,
  commitActivity,
  readTracked,
  type TrackedDelivery,
} from "../store/delivery-activity.ts";
import { twice } from "../store/db.ts";
import { AT_ONCE_MS, isMachine } from "./machine.ts";

/** Reads and commits of one batch; more than one when a delivery changed in between. */
const MAX_TRIES = 3;

/** Facts of one transaction and one row of the event log. */
const FACTS_AT_ONCE = 100;

/** Records a batch. Throws when it could not be recorded: the queue then brings it again. */
export async function recordFacts(app: App, facts: readonly Fact[]): Promise<void> {
  for (let start = 0; start < facts.length; start += FACTS_AT_ONCE) {
    await recordSome(app, facts.slice(start, start + FACTS_AT_ONCE));
  }
}

async function recordSome(app: App, facts: readonly Fact[]): Promise<void> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const entries = entriesOf(app, facts, await readTracked(app.db, facts));
    if (entries.length === 0) return;
    const updated = await twice(() => commitActivity(app.db, entries, app.now()));
    // Also when nothing was updated: then the first commit may have succeeded unseen.
    app.background("wake_webhooks_failed", app.wake.events());
    if (updated === entries.length) return;
  }
  throw new Error("opens and clicks could not be recorded: their deliveries keep changing");
}

/** What the facts add to each delivery; nothing for facts that are known, or of mail that was purged. */
function entriesOf(
  app: App,
  facts: readonly Fact[],
  deliveries: readonly TrackedDelivery[],
): readonly ActivityEntry[] {
  const byPlace = Map.groupBy(facts, placeOf);
  const found = new Set(deliveries.map(placeOf));
  const purged = facts.filter((fact) => !found.has(placeOf(fact))).length;
  const entries = deliveries.map((delivery) =>
    entryOf(delivery, byPlace.get(placeOf(delivery)) ?? []),
  );
  const full = entries.reduce((sum, { dropped }) => sum + dropped, 0);
  if (purged + full > 0) app.log("info", "facts_dropped", { purged, full });
  return entries.filter(({ added }) => added.length > 0);
}

function placeOf({ messageId, position }: { messageId: string; position: number }): string {
  return `${messageId}:${position}`;
}

function entryOf(
  delivery: TrackedDelivery,
  facts: readonly Fact[],
): ActivityEntry & { readonly dropped: number } {
  const known = new Set(delivery.activity.map(({ id }) => id));
  const fresh = [...new Map(facts.map((fact) => [fact.id, fact])).values()]
    .filter(({ id }) => !known.has(id))
    .toSorted((a, b) => a.at - b.at);
  const read = delivery.activity.filter((one) => !isReport(one)).length;
  const kept = fresh.slice(0, Math.max(0, MAX_ACTIVITY - read));
  const clicks = [...delivery.activity, ...fresh].filter(({ kind }) => kind === "click");
  const judged = withFirsts(
    delivery,
    kept.map((fact) => ({ fact, machine: judge(fact, delivery, clicks) })),
  );
  return {
    delivery,
    added: judged.map(({ fact, machine }) => activityOf(fact, machine)),
    events: judged.map((one) => eventOf(one, delivery)),
    verdict: null,
    dropped: fresh.length - kept.length,
  };
}

type Click = { readonly at: number; readonly index?: number };

function judge(fact: Fact, delivery: TrackedDelivery, clicks: readonly Click[]): boolean {
  const around = clicks.filter(({ at }) => Math.abs(at - fact.at) <= AT_ONCE_MS);
  return isMachine({
    userAgent: fact.userAgent,
    prefetch: fact.prefetch,
    sinceDelivery: sinceDelivery(fact, delivery),
    linksAround: fact.kind === "click" ? new Set(around.map(({ index }) => index)).size : 0,
  });
}

/** Milliseconds between delivery and fact; what comes while the mail is still on its way is a scanner's. */
function sinceDelivery(
  { at }: Fact,
  { deliveredAt, state, history }: TrackedDelivery,
): number | null {
  if (deliveredAt !== null) return at - deliveredAt;
  // A copy may have left unseen.
  const inDoubt = history.some(({ result }) => result === "unknown");
  return ON_ITS_WAY.has(state) && !inDoubt ? 0 : null;
}

const ON_ITS_WAY: ReadonlySet<DeliveryState> = new Set(["queued", "sending", "deferred"]);

function activityOf(fact: Fact, machine: boolean): Activity {
  const { id, kind, at } = fact;
  const base = { id, kind, at, machine, log: null };
  return fact.kind === "click" ? { ...base, index: fact.index } : base;
}

type Judged = { readonly fact: Fact; readonly machine: boolean };

type Marked = Judged & { readonly first: boolean; readonly firstOfLink: boolean };

/** Marks the first open, the first click and the first of each link that a person did with this delivery. */
function withFirsts({ activity }: TrackedDelivery, judged: readonly Judged[]): readonly Marked[] {
  const before = activity.filter((one) => !isReport(one)).filter(({ machine }) => !machine);
  const kinds = new Set<string>(before.map(({ kind }) => kind));
  const links = new Set(before.map(({ index }) => index));
  return judged.map((one) => {
    const { fact, machine } = one;
    const first = !machine && !kinds.has(fact.kind);
    const firstOfLink = !machine && fact.kind === "click" && !links.has(fact.index);
    if (!machine) kinds.add(fact.kind);
    if (firstOfLink) links.add(fact.index);
    return { ...one, first, firstOfLink };
  });
}

function eventOf(
  { fact, machine, first, firstOfLink }: Marked,
  delivery: TrackedDelivery,
): DeliveryEvent {
  const { id, at, ip, userAgent } = fact;
  const { messageId, position, email, tags, sendId, listId, mailClass } = delivery;
  const whose = { id, at, messageId, position, email, tags, sendId, listId, mailClass };
  const base = { ...whose, ip, userAgent, machine, ...(first ? { first } : {}) };
  return fact.kind === "click"
    ? { ...base, name: "click", url: fact.url, ...(firstOfLink ? { firstOfLink } : {}) }
    : { ...base, name: "open" };
}

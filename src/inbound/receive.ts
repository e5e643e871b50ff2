// The conductor of the road back: what others say of deliveries later → found, judged, recorded exactly
// once → wake the webhooks. Every door through which reports come ends here.
import type { App } from "../app.ts";
import type { Report, ReportOutcome } from "../model/report.ts";
import { repeated } from "../record/repeated.ts";
import { asBadAddress, lateSoftBounce, reported } from "../record/report.ts";
import { twice } from "../store/db.ts";
import {
  type ActivityEntry,
  commitActivity,
  type TrackedDelivery,
} from "../store/delivery-activity.ts";
import { readReported } from "../store/delivery-report.ts";

/** Reports of one transaction, as many as a batch of opens and clicks. */
const BATCH = 100;

/** Reads and commits of one batch; more than one when a delivery changed in between. */
const MAX_TRIES = 3;

/**
 * Records reports; the outcomes are in their order. Who brought a report whose outcome is `too_early`
 * is to bring it again later. Throws when D1 does not answer: then all may be brought again, for what
 * was recorded is known the second time.
 */
export async function receiveReports(
  app: App,
  reports: readonly Report[],
): Promise<readonly ReportOutcome[]> {
  const outcomes: ReportOutcome[] = [];
  for (let start = 0; start < reports.length; start += BATCH) {
    outcomes.push(...(await receiveBatch(app, reports.slice(start, start + BATCH))));
  }
  return outcomes;
}

async function receiveBatch(
  app: App,
  reports: readonly Report[],
): Promise<readonly ReportOutcome[]> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const found = await readReported(
      app.db,
      reports.map(({ place }) => place),
    );
    const { entries: plain, outcomes } = judged(app, reports, found);
    if (plain.length === 0) return outcomes;
    const entries = await withRepeated(app, plain);
    const updated = await twice(() => commitActivity(app.db, entries, app.now()));
    // Also when nothing was updated: then the first commit may have succeeded unseen.
    app.background("wake_webhooks_failed", app.wake.events());
    if (updated === entries.length) return outcomes;
  }
  throw new Error("reports could not be recorded: their deliveries keep changing");
}

/** What the reports come to: an entry for each delivery that something is new of. */
function judged(app: App, reports: readonly Report[], found: readonly (TrackedDelivery | null)[]) {
  const outcomes: ReportOutcome[] = reports.map(() => "not_found");
  const places = found.flatMap((delivery, n) => (delivery ? [{ delivery, n }] : []));
  const byDelivery = Map.groupBy(places, ({ delivery }) => keyOf(delivery));
  const entries = [...byDelivery.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const own = group.flatMap(({ n }) => reports[n] ?? []);
    const result = reported(first.delivery, own, { now: app.now(), newId: app.newId });
    for (const [index, { n }] of group.entries()) {
      outcomes[n] = result.outcomes[index] ?? "known";
    }
    return result.entry.added.length > 0 ? [result.entry] : [];
  });
  return { entries, outcomes };
}

/** The entries, where soft bounces that were one too many for their address say so. */
async function withRepeated(
  app: App,
  entries: readonly ActivityEntry[],
): Promise<readonly ActivityEntry[]> {
  const bounces = entries.flatMap((entry) => {
    const bounce = lateSoftBounce(entry);
    return bounce ? [{ ...bounce, entry }] : [];
  });
  const bad = new Set([...(await repeated(app, bounces))].map(({ entry }) => entry));
  return entries.map((one) => (bad.has(one) ? asBadAddress(one, app.newId) : one));
}

function keyOf({ messageId, position }: TrackedDelivery): string {
  return `${messageId}:${position}`;
}

// Cron: wakes what nobody woke. Due deliveries, expired leases, endpoints with something to read,
// retries that come due before the next run, exports and erasures that wait; holds what must not be tried
// again by itself. Then statistics, and the purge, of exports that are over too.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { MAIL_CLASSES, type MailClass } from "../model/message.ts";
import { LOOKAHEAD_MS } from "../model/schedule.ts";
import { holdLost } from "../store/delivery.ts";
import { dueTimes } from "../store/delivery-due.ts";
import { removeLeftovers, removeOrphans } from "../store/export-file.ts";
import { erasureWaits } from "../store/erasure.ts";
import { exportWaits } from "../store/export-lease.ts";
import { removeImportOrphans, removeLeftImports } from "../store/import-file.ts";
import { importWaits } from "../store/import-lease.ts";
import { countStats } from "../record/stats.ts";
import { dueDomains } from "../store/sender-domain-owned.ts";
import { endpointsToWake } from "../store/webhook.ts";
import { contactsWait } from "./contacts.ts";
import { compareLedger } from "./erase.ts";
import { DOMAINS_A_SWEEP, verifyDomain } from "../verify/verify.ts";
import { collectOrphans } from "./orphans.ts";
import { purge, purgeBlobs } from "./purge.ts";

/** The minute of the hour in which R2 is looked through: for orphans, and for contents kept long enough. */
const BLOB_MINUTE = 17;

/** So often the ledger of erasures is compared; a list of it is a paid operation. */
const LEDGER_MINUTES = 10;

/** Does one sweep. Every part may run twice or be missed; the next one makes up for it. */
export async function sweep(app: App): Promise<void> {
  const now = app.now();
  // A queue that refuses a lane's wake-up must not keep the other lane or the endpoints asleep.
  const parts = await Promise.allSettled([
    ...(app.config.deliveryHold ? [] : MAIL_CLASSES.map((lane) => sweepLane(app, lane, now))),
    sweepEndpoints(app, now),
    wakeExports(app, now),
    removeExports(app, now),
    sweepBlobs(app, now),
    countStats(app),
    sweepDomains(app, now),
    purge(app),
    sweepErasures(app, now),
    wakeContacts(app),
    sweepImports(app, now),
  ]);
  const failures = parts.flatMap((part) => (part.status === "rejected" ? [part.reason] : []));
  for (const reason of failures) app.log("error", "sweep_failed", { reason: reasonOf(reason) });
  if (failures.length > 0) throw failures[0];
}

async function sweepLane(app: App, lane: MailClass, now: number): Promise<void> {
  const held = await holdLost(app.db, lane, now);
  if (held > 0) app.log("error", "deliveries_held", { lane, held });
  const times = await dueTimes(app.db, lane, now + LOOKAHEAD_MS);
  const delays = new Set(times.map(({ at }) => Math.max(0, Math.ceil((at - now) / 1000))));
  await Promise.all([...delays].map((delay) => app.wake.lane(lane, delay)));
}

/** Once an hour: neither orphans nor old contents are in anybody's way. */
async function sweepBlobs(app: App, now: number): Promise<void> {
  if (new Date(now).getUTCMinutes() !== BLOB_MINUTE) return;
  const deleted = await collectOrphans(app);
  if (deleted > 0) app.log("info", "orphans_deleted", { deleted });
  await removeOrphans(app);
  await removeImportOrphans(app, now);
  await purgeBlobs(app);
}

async function wakeExports(app: App, now: number): Promise<void> {
  if (await exportWaits(app.db, now)) await app.wake.background("exports");
}

async function wakeContacts(app: App): Promise<void> {
  if (await contactsWait(app.db)) await app.wake.background("contacts");
}

async function sweepImports(app: App, now: number): Promise<void> {
  await removeLeftImports(app, now);
  if (await importWaits(app.db, now)) await app.wake.background("imports");
}

async function removeExports(app: App, now: number): Promise<void> {
  const removed = await removeLeftovers(app, now);
  if (removed > 0) app.log("info", "exports_removed", { removed });
}

/** Looks into DNS for those whose time has come, one after the other: each asks for several records. */
async function sweepDomains(app: App, now: number): Promise<void> {
  for (const domain of await dueDomains(app.db, now, DOMAINS_A_SWEEP)) {
    await verifyDomain(app, domain);
  }
}

/** A restored database learns within ten minutes what it has forgotten to have erased. */
async function sweepErasures(app: App, now: number): Promise<void> {
  if (new Date(now).getUTCMinutes() % LEDGER_MINUTES === 0) {
    const forgotten = await compareLedger(app);
    if (forgotten > 0) app.log("warn", "erasures_forgotten", { forgotten });
  }
  if (await erasureWaits(app.db, now)) await app.wake.background("erasures");
}

async function sweepEndpoints(app: App, now: number): Promise<void> {
  const endpoints = await endpointsToWake(app.db, now);
  await Promise.all(endpoints.map((webhookId) => app.wakeTail(webhookId)));
}

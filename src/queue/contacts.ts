// Background work on contacts: writes those that were accepted (F-238), and removes places on lists that are
// deleted (F-197). Stopped anywhere, the next run goes on; twice is as once.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { jobWaits, nextJob, writeJob } from "../store/contact-job.ts";
import { placesLeft, removePlaces } from "../store/contact-removal.ts";
import { twice } from "../store/db.ts";

/** One invocation works so long, so that other background work gets its turn. */
const RUN_MS = 20_000;

/** Steps of a run, each of two calls of D1: the platform allows 1,000 an invocation. */
const MAX_STEPS = 300;

/** Jobs of a run that may fail: one alone is its own fault, several are D1's. */
const MAX_FAILURES = 3;

/** Works on contacts until nothing waits or the time is over. Throws when D1 does not answer. */
export async function workOnContacts(app: App): Promise<void> {
  const end = app.now() + RUN_MS;
  let after = 0;
  let failures = 0;
  for (let step = 0; step < MAX_STEPS && app.now() < end; step++) {
    const job = await twice(() => nextJob(app.db, after));
    if (!job && (await twice(() => removePlaces(app.db))) === 0) return;
    if (!job) continue;
    after = job.id;
    try {
      await twice(() => writeJob(app.db, job, app.now()));
    } catch (error) {
      // It stays for the next run; those behind it need not wait for it.
      app.log("error", "contact_job_failed", { job: job.id, reason: reasonOf(error) });
      failures += 1;
      if (failures === MAX_FAILURES) throw error;
    }
  }
  await app.wake.background("contacts");
}

/** Whether anything waits. */
export async function contactsWait(db: D1Database): Promise<boolean> {
  return (await jobWaits(db)) || placesLeft(db);
}

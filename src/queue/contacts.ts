// Background work on contacts: writes those that were accepted (F-238), and removes places on lists that are
// deleted (F-197). Stopped anywhere, the next run goes on; twice is as once.
import type { App } from "../app.ts";
import { jobWaits, workOnJob } from "../store/contact-job.ts";
import { placesLeft, removePlaces } from "../store/contact-removal.ts";
import { twice } from "../store/db.ts";

/** One invocation works so long, so that other background work gets its turn. */
const RUN_MS = 20_000;

/** Calls of D1 that a run makes at most: the platform allows 1,000 an invocation. */
const MAX_STEPS = 400;

/** Works on contacts until nothing waits or the time is over. */
export async function workOnContacts(app: App): Promise<void> {
  const end = app.now() + RUN_MS;
  for (let step = 0; step < MAX_STEPS && app.now() < end; step++) {
    const wrote = await twice(() => workOnJob(app.db, app.now()));
    if (!wrote && (await twice(() => removePlaces(app.db))) === 0) return;
  }
  await app.wake.background("contacts");
}

/** Whether anything waits. */
export async function contactsWait(db: D1Database): Promise<boolean> {
  return (await jobWaits(db)) || placesLeft(db);
}

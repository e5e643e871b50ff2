// The webhooks queue: a message says that the log grew or that one endpoint has work; the objects of
// the endpoints concerned are woken and work by themselves, and the live feed's while somebody watches.
import type { App } from "../app.ts";
import type { Job } from "../model/job.ts";
import { followersOfLog } from "../store/webhook.ts";

/** Wakes the objects that a batch of jobs is about. */
export async function wakeFollowers(app: App, jobs: readonly Job[]): Promise<void> {
  const named = jobs.flatMap((job) => (job.kind === "endpoint" ? [job.webhookId] : []));
  const grew = jobs.some((job) => job.kind === "events");
  const followers = grew ? await followersOfLog(app.db, app.now()) : NOBODY;
  const ids = new Set([...named, ...followers.webhookIds]);
  const feed = followers.watched ? [app.wakeFeed()] : [];
  await Promise.all([...feed, ...[...ids].map((id) => app.wakeTail(id))]);
}

const NOBODY = { webhookIds: [], watched: false };

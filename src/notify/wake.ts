// The webhooks queue: a message says that the log grew or that one endpoint has work; the objects of
// the endpoints concerned are woken and work by themselves.
import type { App } from "../app.ts";
import type { Job } from "../model/job.ts";
import { listEnabledIds } from "../store/webhook.ts";

/** Wakes the objects that a batch of jobs is about. */
export async function wakeEndpoints(app: App, jobs: readonly Job[]): Promise<void> {
  const named = jobs.flatMap((job) => (job.kind === "endpoint" ? [job.webhookId] : []));
  const grew = jobs.some((job) => job.kind === "events");
  const subscribed = grew ? await listEnabledIds(app.db) : [];
  await Promise.all([...new Set([...named, ...subscribed])].map((id) => app.wakeTail(id)));
}

// The jobs queue: which kinds of background work a batch of wake-ups asks for, each done once. What one
// kind cannot do must not keep the others from their work.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { BACKGROUND_WORK, type BackgroundWork, type Job } from "../model/job.ts";

/** Who does each kind. Each finds its work in D1, works for some 20 s, and wakes itself if more is left. */
export type Workers = Readonly<Record<BackgroundWork, (app: App) => Promise<void>>>;

/** Does what the jobs of a batch ask for, one kind after the other. Throws when one could not be done. */
export async function workInBackground(
  app: App,
  jobs: readonly Job[],
  workers: Workers,
): Promise<void> {
  const asked = new Set(jobs.flatMap((job) => (job.kind === "background" ? [job.work] : [])));
  const failures: unknown[] = [];
  for (const work of BACKGROUND_WORK.filter((kind) => asked.has(kind))) {
    try {
      await workers[work](app);
    } catch (error) {
      app.log("error", "background_failed", { work, reason: reasonOf(error) });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

// Contact jobs, written by a test that has no queue.
import { nextJob, writeJob } from "../../src/store/contact-job.ts";

/** Writes every job that waits; answers how many. */
export async function writeJobs(db: D1Database, now: number): Promise<number> {
  for (let written = 0; ; written++) {
    const job = await nextJob(db, 0);
    if (!job) return written;
    await writeJob(db, job, now);
  }
}

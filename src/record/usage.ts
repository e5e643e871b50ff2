// Keeps what the meter counted: a row of the day that it adds to, now and then.
import type { App } from "../app.ts";
import { spanStart } from "../model/stats.ts";
import { addUsage } from "../store/usage.ts";

/** Keeps the sums of this isolate, when the last time was long enough ago. */
export async function keepUsage(
  { meter, db }: Pick<App, "meter" | "db">,
  now: number,
): Promise<void> {
  const usage = meter.takeDue(now);
  if (!usage) return;
  try {
    await addUsage(db, spanStart("day", now), usage);
  } catch (error) {
    // It may have been committed all the same: then it counts twice, and the bill is rather too high.
    meter.putBack(usage);
    throw error;
  }
}

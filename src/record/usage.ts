// Keeps what the meter counted: a row of the day that it adds to, now and then.
import type { App } from "../app.ts";
import { spanStart } from "../model/stats.ts";
import type { Usage } from "../model/usage.ts";
import { addUsage } from "../store/usage.ts";

/** Keeps the sums of this isolate; null when the last time was not long ago, which costs a request nothing. */
export function keepUsage(
  { meter, db }: Pick<App, "meter" | "db">,
  now: number,
): Promise<void> | null {
  const usage = meter.takeDue(now);
  return usage && keep({ meter, db }, usage, now);
}

async function keep(
  { meter, db }: Pick<App, "meter" | "db">,
  usage: Usage,
  now: number,
): Promise<void> {
  try {
    await addUsage(db, spanStart("day", now), usage);
  } catch (error) {
    // It may have been committed all the same: then it counts twice, and the bill is rather too high.
    meter.putBack(usage);
    throw error;
  }
}

// Waiting for something to become true, with a deadline.
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 25;

/** Looks until it is so; false when it is not within `ms`. */
export async function within(ms: number, look: () => Promise<boolean> | boolean): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() >= deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

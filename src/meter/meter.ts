// The meter of one isolate: sums of what the platform bills, kept in memory until they are worth a row.
import { NO_USAGE, type Operation, sumOf, type Usage } from "../model/usage.ts";

/** Counts what is asked of the platform. */
export type Meter = {
  readonly count: (operation: Operation, times?: number) => void;
  /** What was counted so far and is not kept yet. */
  readonly read: () => Usage;
  /** Takes the sums out when the last time was long enough ago; else null. */
  readonly takeDue: (now: number) => Usage | null;
  /** Puts back what could not be kept. */
  readonly putBack: (usage: Usage) => void;
};

/** So often an isolate writes a row at most. What it counted since dies with it. */
const KEEP_MS = 30_000;

/** A meter at zero. */
export function newMeter(): Meter {
  let sums: Record<Operation, number> = { ...NO_USAGE };
  let takenAt = -Infinity;
  return {
    count(operation, times = 1) {
      sums[operation] += times;
    },
    read: () => ({ ...sums }),
    takeDue(now) {
      // A clock that was set back must not hold the sums for ever.
      if (now >= takenAt && now < takenAt + KEEP_MS) return null;
      const taken = sums;
      sums = { ...NO_USAGE };
      takenAt = now;
      return taken;
    },
    putBack(usage) {
      sums = { ...sumOf(sums, usage) };
    },
  };
}

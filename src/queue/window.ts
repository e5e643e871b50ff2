// How many deliveries one claim asks for: in a lane that keys share, what a run carries in a moment, so that
// who comes now waits a moment only. Knows nothing of D1; pure but for what it was told.

/** Deliveries in one claim (architecture §3). */
const MOST = 100;

/** Fewer are not worth a round trip to D1. */
const LEAST = 16;

/** A window of a shared lane lasts about so long: who comes waits for its end, and for as much of their own. */
const SHARED_WINDOW_MS = 50;

/** Tells how many to claim, from what the windows before came to. */
export type Window = {
  /** A claim brought so many. */
  readonly begun: (deliveries: number, now: number) => void;
  /** How many the next claim asks for, when what was brought has been handed out. */
  readonly next: (now: number) => number;
};

/** The window of a lane that keys share (marketing); the others are as large as may be. */
export function sharedWindow(): Window {
  let size = MOST;
  let brought = 0;
  let since = 0;
  return {
    begun(deliveries, now) {
      brought = deliveries;
      since = now;
    },
    next(now) {
      if (brought > 0) {
        const fits = Math.round((brought * SHARED_WINDOW_MS) / Math.max(1, now - since));
        size = Math.min(MOST, Math.max(LEAST, fits));
        brought = 0;
      }
      return size;
    },
  };
}

/** The window of a lane in which the oldest goes first (transactional). */
export const WHOLE_WINDOW: Window = { begun: () => undefined, next: () => MOST };

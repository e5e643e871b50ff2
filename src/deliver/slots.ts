// Counts the SMTP sockets of one run, so that there are never more than so many: one that is closing
// still counts until the platform says that it is closed.

/** Gives a slot back; a second call does nothing. */
export type Release = () => void;

/** A limited number of slots. */
export type Slots = {
  /** Waits for a free slot, at most so many milliseconds; null when none came free. */
  readonly acquire: (deadline: number) => Promise<Release | null>;
  /** Waits until every slot is free, at most so many milliseconds. */
  readonly idle: (deadline: number) => Promise<void>;
};

/** `count` slots, given out in the order they are asked for. */
export function slots(count: number): Slots {
  let free = count;
  const waiting: ((release: Release) => void)[] = [];
  let whenIdle: (() => void) | null = null;

  function give(): Release {
    let given = true;
    return () => {
      if (!given) return;
      given = false;
      const next = waiting.shift();
      if (next) next(give());
      else free += 1;
      if (free === count) whenIdle?.();
    };
  }

  return {
    async acquire(deadline) {
      if (free > 0) {
        free -= 1;
        return give();
      }
      return new Promise((resolve) => {
        const ask = (release: Release) => {
          clearTimeout(timer);
          resolve(release);
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(ask), 1);
          resolve(null);
        }, deadline);
        waiting.push(ask);
      });
    },
    async idle(deadline) {
      if (free === count) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline);
        whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}

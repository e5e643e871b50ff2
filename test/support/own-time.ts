// Time that a test makes pass: who waits is woken in order, as fast as the machine can.

/** A clock and what waits by it. */
export type Time = {
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
};

/** The platform's own. */
export const REAL_TIME: Time = {
  now: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Promises that follow one another within one moment; far more than any code under test chains. */
const TURNS = 60;

/** Time that passes only while `run` waits for some work, which must wait by it and for nothing else. */
export function ownTime(start = Date.UTC(2026, 10, 21, 10)): Time & {
  readonly run: <T>(work: Promise<T>) => Promise<T>;
} {
  let now = start;
  let waiting: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    wait(ms) {
      return new Promise((wake) => waiting.push({ at: now + ms, wake }));
    },
    async run(work) {
      let done = false;
      const end = () => {
        done = true;
      };
      void work.then(end, end);
      for (;;) {
        for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
        if (done) return work;
        const at = Math.min(...waiting.map((one) => one.at));
        if (at === Infinity) throw new Error("the work waits for something else than this time");
        now = at;
        const woken = waiting.filter((one) => one.at <= at);
        waiting = waiting.filter((one) => one.at > at);
        for (const { wake } of woken) wake();
      }
    },
  };
}

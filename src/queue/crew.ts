// Workers that go through what waits: one while that is enough, more when much waits or an attempt is
// slow, until nothing is left or the run has lasted long enough. Knows nothing of mail.

/** Workers at once, each with at most one SMTP socket: the whole deployment's limit (max_concurrency = 1). */
export const MAX_WORKERS = 4;

/** Another worker is worth its handshake when this many jobs wait. */
const JOBS_PER_WORKER = 25;

/** No job is started after this: the platform may end an invocation 30 s after an update. */
const RUN_MS = 20_000;

/** …unless an attempt is slow and the run lives on anyway; others must not wait for it. */
const SLOW_RUN_MS = 90_000;

/** An attempt that takes longer must not hold the others. */
const SLOW_ATTEMPT_MS = 2_000;

/** How often a run that waits for a slow attempt looks for new work. */
const POLL_MS = 500;

/** One worker's tools. */
export type Worker<Job> = {
  /** Does a job; answers the one it has begun ahead, if any. `onSlow` may be called to ask for help. */
  readonly attempt: (job: Job, onSlow: () => void) => Promise<Job | null>;
  readonly leave: () => void;
};

/** What the workers share. */
export type Trade<Job> = {
  readonly now: () => number;
  /** How many jobs wait. */
  readonly waiting: () => number;
  /** The next job; `crowded` while others at work leave no room for what waits. */
  readonly next: () => Promise<Job | null | "crowded">;
  /** Looks for jobs when none waits; `alone` when nobody is at work. Answers how many wait now. */
  readonly refill: (options: { readonly alone: boolean }) => Promise<number>;
  readonly hire: () => Worker<Job>;
};

/** Works until nothing is left or time is over; throws the first error that a worker could not handle. */
export async function workThrough<Job>(trade: Trade<Job>): Promise<void> {
  const startedAt = trade.now();
  const workers = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let attempting = 0;
  let slow = 0;

  const mayStart = () => trade.now() - startedAt < (slow > 0 ? SLOW_RUN_MS : RUN_MS);

  /** The next job, or null when the run is over for the worker that asks. */
  async function take(): Promise<Job | null> {
    while (mayStart()) {
      const job = await trade.next();
      // One of those who are at work goes on with what waits.
      if (job === "crowded") return null;
      if (job) return job;
      const alone = attempting === 0;
      if ((await trade.refill({ alone })) > 0) staff();
      else if (alone) return null;
      else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return null;
  }

  /** Hires for what waits; a worker whose attempt is slow does not count. */
  function staff(): void {
    const wanted = Math.max(1, Math.ceil(trade.waiting() / JOBS_PER_WORKER));
    while (workers.size - slow < wanted && workers.size < MAX_WORKERS) {
      const shift: Promise<void> = work(trade.hire())
        .catch((error: unknown) => void failures.push(error))
        .finally(() => workers.delete(shift));
      workers.add(shift);
    }
  }

  async function work(worker: Worker<Job>): Promise<void> {
    try {
      let job = await take();
      while (job) job = (await attempt(worker, job)) ?? (await take());
    } finally {
      worker.leave();
    }
  }

  async function attempt(worker: Worker<Job>, job: Job): Promise<Job | null> {
    attempting += 1;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      slow += 1;
      staff();
    }, SLOW_ATTEMPT_MS);
    try {
      return await worker.attempt(job, staff);
    } finally {
      clearTimeout(timer);
      if (late) slow -= 1;
      attempting -= 1;
    }
  }

  staff();
  while (workers.size > 0) await Promise.race(workers);
  if (failures.length > 0) throw failures[0];
}

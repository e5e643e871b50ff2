// How often somebody failed lately, and how long they must wait before the next try. Kept in the isolate's
// memory, bounded: it slows guessing down, it is no ledger. Pure but for its own map.

/** When waiting begins and how far it goes. */
export type AttemptLimits = {
  /** Failures that cost nothing: people mistype. */
  readonly free: number;
  /** The wait after the first failure that is not free; it doubles with each further one. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** Failures are forgotten when there was none for this long. */
  readonly forgetMs: number;
  /** Subjects that are remembered; the one that failed longest ago leaves first. */
  readonly maxSubjects: number;
};

/** The failures of several subjects. */
export type Attempts = {
  /** Milliseconds until a subject may try again; 0 when it may now. */
  readonly wait: (subject: string, now: number) => number;
  readonly failed: (subject: string, now: number) => void;
  readonly forgive: (subject: string) => void;
};

/** Counts failures within limits. */
export function attempts(limits: AttemptLimits): Attempts {
  const failures = new Map<string, { readonly count: number; readonly last: number }>();

  function known(subject: string, now: number) {
    const found = failures.get(subject);
    return found && now - found.last < limits.forgetMs ? found : { count: 0, last: now };
  }

  return {
    wait(subject, now) {
      const { count, last } = known(subject, now);
      if (count <= limits.free) return 0;
      const wait = Math.min(limits.maxWaitMs, limits.firstWaitMs * 2 ** (count - limits.free - 1));
      return Math.max(0, last + wait - now);
    },
    failed(subject, now) {
      const { count } = known(subject, now);
      failures.delete(subject);
      failures.set(subject, { count: count + 1, last: now });
      const oldest = failures.keys().next();
      if (failures.size > limits.maxSubjects && !oldest.done) failures.delete(oldest.value);
    },
    forgive(subject) {
      failures.delete(subject);
    },
  };
}

// How fast the account's bucket fills while its mail is not wanted (F-020, D-09): half as fast when too much
// of the last 15 minutes was deferred, bounced or complained of, a tenth more each minute when not. Pure.
import type { LogEntry } from "./event.ts";

/** What became of attempts in one minute. */
export type Outcomes = {
  /** The beginning of the minute, epoch milliseconds. */
  readonly minute: number;
  readonly attempts: number;
  readonly deferred: number;
  readonly bounced: number;
  readonly complained: number;
};

/** The pace as it was judged last. */
export type Pace = {
  /** Of the last 15 minutes, those in which there was something. */
  readonly minutes: readonly Outcomes[];
  /** 1 is the plan's rate. */
  readonly factor: number;
  readonly judgedAt: number;
  /** When it was halved last; null for never. */
  readonly halvedAt: number | null;
};

const MINUTE_MS = 60_000;
/** A position of the log is a time in microseconds. */
const POSITIONS_A_MINUTE = MINUTE_MS * 1_000;

/** What is looked at, and how long a halved rate is given to show an effect before it is halved again. */
export const WINDOW_MS = 15 * MINUTE_MS;

/** Fewer attempts say nothing. */
const MIN_ATTEMPTS = 100;

/** It is never slower than this: what is sorely wrong is for people to stop. */
const MIN_FACTOR = 1 / 8;

const RECOVERY_A_MINUTE = 0.1;

/**
 * The greatest part of attempts that may end so. Greylisting defers a good part of honest mail; providers
 * block senders above a tenth of bounces or three complaints in a thousand.
 */
const MOST = { deferred: 0.5, bounced: 0.1, complained: 0.003 } as const;

/** The pace of an account that nothing is known of. */
export const FULL_PACE: Pace = { minutes: [], factor: 1, judgedAt: 0, halvedAt: null };

/** Counts rows of the event log by the minute in which each was committed. */
export function outcomesOf(
  rows: readonly { readonly position: number; readonly entries: readonly LogEntry[] }[],
): readonly Outcomes[] {
  const counted = rows.flatMap(({ position, entries }) => {
    const minute = Math.floor(position / POSITIONS_A_MINUTE) * MINUTE_MS;
    return entries.flatMap((entry) => {
      const one = outcomeOf(entry);
      return one ? [{ minute, ...NOTHING, ...one }] : [];
    });
  });
  return merged(counted);
}

const NOTHING = { attempts: 0, deferred: 0, bounced: 0, complained: 0 } as const;

function outcomeOf(entry: LogEntry): Partial<Outcomes> | null {
  switch (entry.name) {
    case "delivery_attempt":
      // Nothing was attempted.
      if (entry.status === "connmaxout") return null;
      return {
        attempts: 1,
        deferred: entry.status === "deferral" ? 1 : 0,
        bounced: entry.status === "failure" ? 1 : 0,
      };
    case "bounce_all":
      // One that came back after a relay had taken the mail; others are the end of an attempt.
      return typeof entry.deliveredAt === "number" ? { bounced: 1 } : null;
    case "spam_complaint":
      return { complained: 1 };
    case "bounce_bad_address":
    case "open":
    case "click":
    case "unsubscribe":
    case "suppressed":
    case "cancelled":
    case "stopped":
      return null;
  }
}

/** The pace when something more is known; it is judged anew. */
export function observed(pace: Pace, news: readonly Outcomes[], now: number): Pace {
  const minutes = merged([...pace.minutes, ...news]).filter((one) => isRecent(one, now));
  const next = { ...pace, minutes, factor: factorAt(pace, now), judgedAt: now };
  const shown = pace.halvedAt !== null && now >= pace.halvedAt && now < pace.halvedAt + WINDOW_MS;
  if (shown || trouble(next, now) === null) return next;
  return { ...next, factor: Math.max(MIN_FACTOR, next.factor / 2), halvedAt: now };
}

/** The part of the plan's rate that holds now: while there is no more trouble it grows by the minute. */
export function factorAt(pace: Pace, now: number): number {
  if (pace.factor >= 1 || trouble(pace, now) !== null) return pace.factor;
  const minutes = Math.max(0, now - pace.judgedAt) / MINUTE_MS;
  return Math.min(1, pace.factor + minutes * RECOVERY_A_MINUTE);
}

/** A pace for people. */
export function percentOf(factor: number): number {
  return Math.round(factor * 100);
}

/** What is wrong with the last 15 minutes, for people; or null. */
export function trouble({ minutes }: Pace, now: number): string | null {
  const recent = minutes.filter((one) => isRecent(one, now));
  const total = (of: keyof typeof NOTHING) => recent.reduce((sum, one) => sum + one[of], 0);
  const attempts = total("attempts");
  if (attempts < MIN_ATTEMPTS) return null;
  for (const what of ["complained", "bounced", "deferred"] as const) {
    if (total(what) / attempts > MOST[what]) {
      return `${total(what)} of ${attempts} attempts in 15 minutes were ${WORDS[what]}`;
    }
  }
  return null;
}

const WORDS = {
  deferred: "deferred",
  bounced: "bounced",
  complained: "complained of",
} as const;

function isRecent({ minute }: Outcomes, now: number): boolean {
  return minute > now - WINDOW_MS && minute <= now;
}

/** One entry for each minute, in order. */
function merged(outcomes: readonly Outcomes[]): readonly Outcomes[] {
  const byMinute = Map.groupBy(outcomes, ({ minute }) => minute);
  return [...byMinute]
    .map(([minute, list]) => ({
      minute,
      attempts: sumOf(list, "attempts"),
      deferred: sumOf(list, "deferred"),
      bounced: sumOf(list, "bounced"),
      complained: sumOf(list, "complained"),
    }))
    .toSorted((a, b) => a.minute - b.minute);
}

function sumOf(list: readonly Outcomes[], of: keyof typeof NOTHING): number {
  return list.reduce((sum, one) => sum + one[of], 0);
}

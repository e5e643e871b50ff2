// A pace that slows down when the other side asks for it, or defers most of what it is offered, and recovers by
// itself. Pure; times are epoch milliseconds.
import type { ThrottleSettings } from "../model/throttle.ts";
import type { Outcome } from "./outcome.ts";
import type { Minute, Outcomes, Throttle } from "./throttle-state.ts";

/** Outcomes are counted by the minute. */
const MINUTE_MS = 60_000;

/** Nothing is slowed down further than this: what is sorely wrong is for people to stop. */
const MIN_FACTOR = 1 / 16;

/** Trouble is answered once in this time, so that one answer can show its effect. */
const SLOW_DOWN_MS = MINUTE_MS;

const RECOVERY_A_MINUTE = 0.1;

/** What is looked at; a single reply says nothing, and greylisting defers honest mail with 4.7.1 too. */
export const RATIO_WINDOW_MS = 5 * MINUTE_MS;
const MIN_THROTTLED = 3;
const MOST_THROTTLED = 0.05;
const MIN_ATTEMPTS = 20;
const MOST_DEFERRED = 0.5;

/** Learns from attempts: slows down at once, at most once a minute. */
export function observed(
  throttle: Throttle,
  settings: ThrottleSettings,
  news: Outcomes,
  now: number,
): Throttle {
  if (news.attempts === 0) return throttle;
  const minute = now - (now % MINUTE_MS);
  const known = throttle.outcomes.find(([at]) => at === minute)?.[1] ?? NO_OUTCOMES;
  const others = throttle.outcomes.filter(([at]) => at !== minute);
  const outcomes = [...others, [minute, summed(known, news)] as const];
  const warmUp = throttle.warmUp && {
    ...throttle.warmUp,
    attempts: throttle.warmUp.attempts + news.attempts,
    deferred: throttle.warmUp.deferred + news.deferred,
    bounced: throttle.warmUp.bounced + news.bounced,
  };
  const next = { ...throttle, outcomes, warmUp };
  // What was trouble minutes ago is answered already.
  const fresh = news.deferred > 0;
  const reason = settings.adaptive && fresh ? troubleOf(outcomes) : null;
  if (reason === null) return next;
  const factor = factorAt(throttle, settings, now);
  const answered = throttle.slowedAt !== null && now < throttle.slowedAt + SLOW_DOWN_MS;
  if (answered) return { ...next, factor, judgedAt: now, reason };
  const fastest = Math.max(1, ...outcomes.map(([, one]) => one.attempts));
  return {
    ...next,
    factor: Math.max(MIN_FACTOR, factor / 2),
    judgedAt: now,
    slowedAt: now,
    base: factor < 1 ? (throttle.base ?? fastest) : fastest,
    reason,
  };
}

/** What is wrong, for people; or null. */
function troubleOf(outcomes: readonly Minute<Outcomes>[]): string | null {
  const sum = outcomes.reduce((all, [, one]) => summed(all, one), NO_OUTCOMES);
  const { attempts, deferred, throttled } = sum;
  if (throttled >= MIN_THROTTLED && throttled / attempts > MOST_THROTTLED) {
    return `${throttled} of ${attempts} replies in 5 minutes asked to slow down`;
  }
  if (attempts < MIN_ATTEMPTS || deferred / attempts <= MOST_DEFERRED) return null;
  return `${deferred} of ${attempts} attempts in 5 minutes were deferred`;
}

/** Nothing was attempted. */
export const NO_OUTCOMES: Outcomes = { attempts: 0, deferred: 0, bounced: 0, throttled: 0 };

/** A relay's words that ask to slow down. */
const SLOW_DOWN = /^(421|4\d\d[ -]4\.7\.)/;

/** What one attempt counts as. */
export function outcomesOf({ state, reply }: Pick<Outcome, "state" | "reply">): Outcomes {
  return {
    attempts: 1,
    deferred: state === "deferred" ? 1 : 0,
    bounced: state === "bounced" ? 1 : 0,
    throttled: state === "deferred" && SLOW_DOWN.test(reply) ? 1 : 0,
  };
}

/** Two counts as one. */
export function summed(a: Outcomes, b: Outcomes): Outcomes {
  return {
    attempts: a.attempts + b.attempts,
    deferred: a.deferred + b.deferred,
    bounced: a.bounced + b.bounced,
    throttled: a.throttled + b.throttled,
  };
}

/** The part of what the settings say that holds now: it grows by the minute while there is no trouble. */
export function factorAt(
  { factor, judgedAt }: Pick<Throttle, "factor" | "judgedAt">,
  { adaptive }: Pick<ThrottleSettings, "adaptive">,
  now: number,
): number {
  if (!adaptive || factor >= 1) return 1;
  const minutes = Math.floor(Math.max(0, now - judgedAt) / MINUTE_MS);
  return Math.min(1, factor + minutes * RECOVERY_A_MINUTE);
}

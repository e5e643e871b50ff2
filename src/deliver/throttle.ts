// The pace of one pool to one group of recipient domains: connections and messages are leased to runs and expire,
// so that a run that died holds nothing for long; what was leased counts against the limits until they are over.
// It slows down when the other side asks for it, and recovers by itself. Pure; times are epoch milliseconds.
import type { MailClass } from "../model/message.ts";
import type { FullReason, ThrottleSettings } from "../model/throttle.ts";
import { factorAt, NO_OUTCOMES, observed, RATIO_WINDOW_MS } from "./slow-down.ts";
import type { Minute, Outcomes, Throttle } from "./throttle-state.ts";
import { allowanceAt, newWarmUp, nextDay, nextStep, warmUpAt } from "./warm-up.ts";

/** What a lease lasts; a run renews it while it works. */
export const LEASE_MS = 20_000;

/** Without a free connection a run asks again after this. */
export const SLOT_RETRY_MS = 5_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What was leased in a minute leaves until its lease ends: so long it may count in an hour. */
const LATE_HOUR_MS = HOUR_MS + LEASE_MS + MINUTE_MS;

/** Messages a minute that a slow pace is never below: so few harm nobody's reputation. */
const MIN_PACE = 6;

/** A limit is spread: in a minute at most this part of an hour's, in an hour at most this part of a day's. */
const MINUTE_PART = 1 / 20;
const HOUR_PART = 1 / 8;

/** What a run asks for. */
export type ThrottleAsk = {
  readonly id: string;
  readonly lane: MailClass;
  /** Connections that it could use. */
  readonly slots: number;
  readonly messages: number;
  /** Of its lease before: what it did not use, and what became of its attempts. */
  readonly unspent: number;
  readonly outcomes: Outcomes;
};

/** What a run may do until then; or why it may not, and when to ask again. */
export type ThrottleGrant =
  | {
      readonly kind: "granted";
      readonly slots: number;
      /** Null: as many as it can. */
      readonly messages: number | null;
      readonly until: number;
    }
  | {
      readonly kind: "full";
      readonly reason: FullReason;
      readonly until: number;
      /** How far apart what waits may go, milliseconds. */
      readonly spacing: number;
    };

/** One limit: at most so many messages in the time that `since` began. */
type Cap = {
  readonly reason: FullReason;
  readonly most: number;
  readonly used: number;
  /** When there is room again, if it is used up. */
  readonly again: number;
  readonly spacing: number;
};

/** Leases what there is, in the place of what the lane had. */
export function lease(
  before: Throttle,
  settings: ThrottleSettings,
  ask: ThrottleAsk,
  now: number,
): { readonly throttle: Throttle; readonly grant: ThrottleGrant } {
  const known = ended(before, settings, ask, now);
  // A lane is worked through by one run at a time: the one that had a lease before is over, or died.
  const leases = known.leases.filter(({ lane }) => lane !== ask.lane);
  const throttle = { ...known, leases };
  const slots = Math.min(ask.slots, freeSlots(throttle, settings, now));
  if (slots < 1) {
    const until = Math.min(now + SLOT_RETRY_MS, ...throttle.leases.map((one) => one.until));
    return { throttle, grant: { kind: "full", reason: "connections", until, spacing: 0 } };
  }
  const caps = capsOf(throttle, settings, now);
  const full = caps.find(({ used, most }) => used >= most);
  if (full) {
    const { reason, again: until, spacing } = full;
    return { throttle, grant: { kind: "full", reason, until, spacing } };
  }
  const messages =
    caps.length === 0 ? null : Math.min(ask.messages, ...caps.map(({ used, most }) => most - used));
  const until = now + LEASE_MS;
  const leased = { id: ask.id, lane: ask.lane, slots, until };
  return {
    throttle: {
      ...counted(throttle, messages ?? 0, now),
      leases: [...throttle.leases, leased],
    },
    grant: { kind: "granted", slots, messages, until },
  };
}

/** Ends the lease of a run: takes back what it did not use, and learns from its attempts. */
export function ended(
  before: Throttle,
  settings: ThrottleSettings,
  { id, unspent, outcomes }: Pick<ThrottleAsk, "id" | "unspent" | "outcomes">,
  now: number,
): Throttle {
  const warmUp = settings.warmUp ? warmUpAt(before.warmUp ?? newWarmUp(now), now) : null;
  const current = {
    ...before,
    warmUp,
    leases: before.leases.filter((one) => one.id !== id && one.until > now),
    granted: before.granted.filter(([minute]) => minute > now - LATE_HOUR_MS),
    outcomes: before.outcomes.filter(([minute]) => minute > now - RATIO_WINDOW_MS),
  };
  // Who had no lease any more has nothing to give back: it may have been leased to others.
  const had = before.leases.some((one) => one.id === id && one.until > now);
  return observed(had ? counted(current, -unspent, now) : current, settings, outcomes, now);
}

/** Counts messages as leased; a negative number gives the newest back. */
function counted(throttle: Throttle, messages: number, now: number): Throttle {
  if (messages === 0) return throttle;
  const minute = now - (now % MINUTE_MS);
  const warmUp = throttle.warmUp && {
    ...throttle.warmUp,
    sent: Math.max(0, throttle.warmUp.sent + messages),
  };
  if (messages > 0)
    return { ...throttle, warmUp, granted: added(throttle.granted, minute, messages) };
  let left = -messages;
  const granted = throttle.granted.toReversed().flatMap(([at, n]): readonly Minute<number>[] => {
    const back = Math.min(left, n);
    left -= back;
    return n > back ? [[at, n - back]] : [];
  });
  return { ...throttle, warmUp, granted: granted.toReversed() };
}

function added(list: readonly Minute<number>[], minute: number, n: number) {
  const last = list.at(-1);
  if (last?.[0] !== minute) return [...list, [minute, n] as const];
  return [...list.slice(0, -1), [minute, last[1] + n] as const];
}

/** Connections that a lane may have beside the other one's; where there are two, it leaves one for the other. */
function freeSlots(throttle: Throttle, settings: ThrottleSettings, now: number): number {
  const most = connectionsAt(throttle, settings, now);
  const held = throttle.leases.reduce((sum, { slots }) => sum + slots, 0);
  return Math.min(most - held, Math.max(1, most - 1));
}

/** Connections that hold now. */
export function connectionsAt(throttle: Throttle, settings: ThrottleSettings, now: number): number {
  return Math.max(1, Math.floor(settings.connections * factorAt(throttle, settings, now)));
}

/** All limits of messages: a daily one is one more of them. */
function capsOf(throttle: Throttle, settings: ThrottleSettings, now: number): readonly Cap[] {
  const { granted, warmUp, base } = throttle;
  const factor = factorAt(throttle, settings, now);
  const within = (window: number) => granted.filter(([minute]) => minute > now - window);
  const cap = (reason: FullReason, most: number, window: number): Cap => {
    const used = within(window);
    return {
      reason,
      most,
      used: used.reduce((sum, [, n]) => sum + n, 0),
      again: Math.max(now + 1, (used[0]?.[0] ?? now) + window),
      spacing: window / most,
    };
  };
  const caps: Cap[] = [];
  if (settings.perHour !== null) {
    const most = Math.max(1, Math.floor(settings.perHour * factor));
    caps.push(cap("hour", most, LATE_HOUR_MS));
    caps.push(cap("hour", Math.ceil(most * MINUTE_PART), MINUTE_MS));
  } else if (factor < 1 && base !== null) {
    caps.push(cap("pace", Math.max(MIN_PACE, Math.ceil(base * factor)), MINUTE_MS));
  }
  const allowance = warmUp === null ? null : allowanceAt(warmUp.step);
  if (warmUp !== null && allowance !== null) {
    const spacing = (24 * HOUR_MS) / allowance;
    const again = nextDay(now);
    caps.push({ reason: "day", most: allowance, used: warmUp.sent, again, spacing });
    const hourly = Math.ceil(allowance * HOUR_PART);
    caps.push(cap("day", hourly, LATE_HOUR_MS));
    caps.push(cap("day", Math.ceil(hourly * MINUTE_PART), MINUTE_MS));
  }
  return caps;
}

/** A pace as people see it. */
export type ThrottleView = {
  readonly connections: number;
  readonly inUse: number;
  readonly lastHour: number;
  readonly factor: number;
  /** Why it is slower than the settings say, or null. */
  readonly reason: string | null;
  readonly warmUp: {
    readonly step: number;
    /** Messages today; null: nothing holds it back any more. */
    readonly allowance: number | null;
    readonly sent: number;
    /** Messages tomorrow, if today goes on as it did; null as above. */
    readonly next: number | null;
  } | null;
};

/** How a pace stands. */
export function viewOf(before: Throttle, settings: ThrottleSettings, now: number): ThrottleView {
  const throttle = ended(before, settings, { id: "", unspent: 0, outcomes: NO_OUTCOMES }, now);
  const { warmUp, granted, leases } = throttle;
  const factor = factorAt(throttle, settings, now);
  return {
    connections: connectionsAt(throttle, settings, now),
    inUse: leases.reduce((sum, { slots }) => sum + slots, 0),
    lastHour: granted.reduce((sum, [, n]) => sum + n, 0),
    factor,
    reason: factor < 1 ? throttle.reason : null,
    warmUp: warmUp && {
      step: warmUp.step,
      allowance: allowanceAt(warmUp.step),
      sent: warmUp.sent,
      next: allowanceAt(nextStep(warmUp)),
    },
  };
}

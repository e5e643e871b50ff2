// How much a pool may send to a group of recipient domains in a day while it is new: from 50 it doubles each
// day on which enough was sent and little went wrong, stays when more did, and steps back when much did. Pure.

/** The first day's messages. */
const START = 50;

/** From here on nothing holds it back: the step after the last. */
const LAST_STEP = 15;

const DAY_MS = 24 * 60 * 60 * 1000;

/** A day says something about the next only when this part of its allowance was used. */
const MIN_USED = 0.5;

/** Fewer attempts say nothing bad: one of two may be greylisted. */
const MIN_ATTEMPTS = 20;

/** Parts of a day's attempts: above these it stays, above twice these it steps back. */
const MOST = { deferred: 0.2, bounced: 0.05 } as const;

/** How far it came, and what the day had so far. */
export type WarmUp = {
  readonly step: number;
  /** Days since 1970, UTC. */
  readonly day: number;
  readonly sent: number;
  readonly attempts: number;
  readonly deferred: number;
  readonly bounced: number;
};

/** Nothing was sent yet. */
export function newWarmUp(now: number): WarmUp {
  return { step: 0, day: dayOf(now), sent: 0, attempts: 0, deferred: 0, bounced: 0 };
}

/** Messages of a day at a step; null when it is over. */
export function allowanceAt(step: number): number | null {
  return step >= LAST_STEP ? null : START * 2 ** step;
}

/** How it stands today: a day that is over decides the step of the next. */
export function warmUpAt(before: WarmUp, now: number): WarmUp {
  const day = dayOf(now);
  if (day <= before.day) return before;
  return { ...newWarmUp(now), step: nextStep(before) };
}

/** The step that follows if the day ended now. */
export function nextStep({ step, sent, attempts, deferred, bounced }: WarmUp): number {
  const part = (count: number) => (attempts < MIN_ATTEMPTS ? 0 : count / attempts);
  const worst = Math.max(part(deferred) / MOST.deferred, part(bounced) / MOST.bounced);
  if (worst > 2) return Math.max(0, step - 1);
  if (worst > 1) return step;
  const allowance = allowanceAt(step);
  // What a run that died took may have been tried or not.
  const used = Math.min(sent, attempts);
  return allowance !== null && used < allowance * MIN_USED ? step : Math.min(LAST_STEP, step + 1);
}

/** Epoch milliseconds of the next day's beginning, UTC. */
export function nextDay(now: number): number {
  return (dayOf(now) + 1) * DAY_MS;
}

function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

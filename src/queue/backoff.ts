// When to try again, or give up: deliveries, webhooks, and a relay that cannot be reached. Pure: the
// clock and the randomness are arguments (`random` is 0 ≤ random < 1, as Math.random gives it).
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after the 1st, 2nd … failed attempt of a delivery (decision 10) … */
export const DELIVERY_WAITS_MS: readonly number[] = [
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
];

/** … and after every later one: often enough for a mailbox emptied over lunch, rare enough for 72 h. */
export const LATER_DELIVERY_WAIT_MS: number = 4 * HOUR;

/** Waits after the 1st, 2nd … failed try of a webhook; after one try more it is exhausted (decision 5). */
export const WEBHOOK_WAITS_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** ±10 %: what failed together must not come back together (decisions 5 and 10). */
export const JITTER = 0.1;

/** `Retry-After` below this would be a busy loop, above it the event would be forgotten (decision 5). */
export const RETRY_AFTER_MIN_MS = SECOND;
export const RETRY_AFTER_MAX_MS = 24 * HOUR;

/** One lost connection is chance, three in a row are a relay that is down. */
export const CONNECT_FAILURES_TOLERATED = 3;

/** The first pause of a relay: shorter than a reboot; the longest: mail flows soon after it is back. */
export const RELAY_PAUSE_MIN_MS = 30 * SECOND;
export const RELAY_PAUSE_MAX_MS = 10 * MINUTE;

/**
 * When a deferred delivery is tried next (epoch milliseconds), after `attempts` attempts, the last of
 * which failed at `now`. A try that would lie beyond the queue lifetime is made at its very end; the
 * one after that gives up, so that every delivery ends in time.
 */
export function nextAttempt(delivery: {
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly now: number;
  readonly random: number;
}): { readonly at: number } | "give-up" {
  const { attempts, acceptedAt, now, random } = delivery;
  const end = acceptedAt + QUEUE_LIFETIME_MS;
  if (now >= end) return "give-up";
  const wait = DELIVERY_WAITS_MS[place(attempts)] ?? LATER_DELIVERY_WAIT_MS;
  return { at: Math.min(now + jittered(wait, random), end) };
}

/**
 * How long to wait before the next try of a webhook after `tries` tries. A receiver's `Retry-After`
 * replaces our wait, within its bounds and without jitter: it asked for exactly that.
 */
export function nextWebhookTry(event: {
  readonly tries: number;
  /** `Retry-After` in milliseconds from now; null when there was none or it made no sense. */
  readonly retryAfterMs: number | null;
  readonly random: number;
}): { readonly delayMs: number } | "exhausted" {
  const { tries, retryAfterMs, random } = event;
  const wait = WEBHOOK_WAITS_MS[place(tries)];
  if (wait === undefined) return "exhausted";
  if (retryAfterMs === null || Number.isNaN(retryAfterMs)) {
    return { delayMs: jittered(wait, random) };
  }
  return { delayMs: Math.min(Math.max(retryAfterMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS) };
}

/**
 * For how long a relay is put aside after `failures` connects failed in a row, in milliseconds; null
 * while it stays in use. Without jitter: one delivery probes for all.
 */
export function putAside(failures: number): number | null {
  const more = failures - CONNECT_FAILURES_TOLERATED;
  if (more < 0) return null;
  return Math.min(RELAY_PAUSE_MIN_MS * 2 ** more, RELAY_PAUSE_MAX_MS);
}

/** Where the wait after so many tries stands in a table. */
function place(tries: number): number {
  return Math.max(tries, 1) - 1;
}

/** Whole milliseconds within ±10 % of `wait`. */
function jittered(wait: number, random: number): number {
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}

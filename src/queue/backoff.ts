// When to try again, or give up: deliveries, and a relay that cannot be reached. Pure: the clock and
// the randomness are arguments (`random` is 0 ≤ random < 1, as Math.random gives it).
import { jittered, place } from "../lib/backoff.ts";

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
  readonly expiresAt: number;
  readonly now: number;
  readonly random: number;
}): { readonly at: number } | "give-up" {
  const { attempts, expiresAt, now, random } = delivery;
  if (now >= expiresAt) return "give-up";
  const wait = DELIVERY_WAITS_MS[place(attempts)] ?? LATER_DELIVERY_WAIT_MS;
  return { at: Math.min(now + jittered(wait, random), expiresAt) };
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

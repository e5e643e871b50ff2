// When a webhook is tried again, or given up (decision 5). Pure.
import { jittered, place } from "../lib/backoff.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

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

/** `Retry-After` below this would be a busy loop, above it the event would be forgotten (decision 5). */
export const RETRY_AFTER_MIN_MS = SECOND;
export const RETRY_AFTER_MAX_MS = 24 * HOUR;

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

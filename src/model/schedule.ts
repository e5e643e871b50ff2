// Scheduled sends (decision 15): what `sendAt` may be. Pure.
import { fail, ok, type Result } from "../lib/result.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** So far ahead a send may be scheduled; a year of 366 days. */
export const MAX_AHEAD_DAYS = 366;

/** Cron may come up to 60 s late or early: what is due in this time gets its wake-up now, with a delay. */
export const LOOKAHEAD_MS = 90_000;

/** Seconds until a lane is to be woken for what leaves then; null when the sweeper will see to it. */
export function wakeDelay(leavesAt: number, now: number): number | null {
  const delay = Math.max(0, leavesAt - now);
  return delay > LOOKAHEAD_MS ? null : Math.ceil(delay / 1000);
}

/** A date and a time with its zone. */
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** The latest moment that epoch seconds can mean here; more are milliseconds by mistake. */
const MAX_SECONDS = 100_000_000_000;

const REASON = "must be a time such as 2026-11-21T10:00:00Z, or epoch seconds such as 1795255200";

/** A moment in epoch milliseconds, as ISO 8601 or epoch seconds, in a text or a number. */
export function readSendAt(given: unknown): Result<number, string> {
  const text = typeof given === "number" ? String(given) : given;
  if (typeof text !== "string") return fail(REASON);
  const seconds = /^\d{1,12}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= MAX_SECONDS) return fail(`${REASON}; this looks like milliseconds`);
  const time = ISO_8601.test(text) ? Date.parse(text) : Math.round(seconds * 1000);
  return Number.isFinite(time) ? ok(time) : fail(REASON);
}

/** Why a moment is too far ahead, or null. What is past is sent at once. */
export function aheadFault(sendAt: number, now: number): string | null {
  return sendAt > now + MAX_AHEAD_DAYS * DAY_MS ? "must be at most one year ahead" : null;
}

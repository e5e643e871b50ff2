// What is old enough to be deleted, and how the purge walks past what must stay. Pure.
import type { Account } from "./account.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What became terminal at these moments, epoch milliseconds, or before has been kept long enough. */
export type Cutoffs = { readonly all: number; readonly content: number };

/** The cutoffs of this moment. */
export function cutoffsOf(account: Account, now: number): Cutoffs {
  return {
    all: now - account.retentionDays * DAY_MS,
    content: now - account.contentRetentionDays * DAY_MS,
  };
}

/** What is walked: messages, contents in D1, contents in R2, in the order of time; the ledger of erasures. */
export type WalkName = "messages" | "contents" | "blobs" | "ledger";

/** A walk that passed things which must stay; `after` is what it passed last. */
export type Walk = { readonly name: WalkName; readonly after: string; readonly startedAt: number };

/** Before every id, row and key. */
export const WALK_START = "";

/** A walk that came to its end starts again so long after it started: what must stay is read so often. */
const WALK_AGAIN_MS = 60 * 60 * 1000;

/** Whether a walk that came to its end may start again. */
export function startsAgain(walk: Walk, now: number): boolean {
  return now - walk.startedAt >= WALK_AGAIN_MS;
}

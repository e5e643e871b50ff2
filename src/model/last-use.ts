// When what lets somebody in was used last: an hour is exact enough, because each time that is written costs a row.
// Pure.

/** The tables of what lets somebody in. */
export type Admitting = "keys" | "smtp_credentials";

/** A use is written down so often. */
export const NOTED_EVERY_MS = 60 * 60 * 1_000;

/** Whether a use at `now` is to be written down, after the last one that was. Epoch milliseconds. */
export function isWorthNoting(lastUsedAt: number | null, now: number): boolean {
  return lastUsedAt === null || now - lastUsedAt >= NOTED_EVERY_MS;
}

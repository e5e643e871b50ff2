// The reputation policy of new domains (F-224): how many recipients a domain may have on a day, by its age.
// Pure; the account's object counts them.

/** A domain's first day; each day after allows twice as many. */
const FIRST_DAY = 50;

/** After so many days of doubling nothing is limited any more: 50, 100, 200, … 409,600. */
export const WARM_DAYS = 14;

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Recipients of the UTC day of `now` for a domain that may send since `since` (epoch milliseconds): less while
 * the account's mail fails, of whose rate `pace` (0…1) is left. Null when the domain is warm.
 */
export function dailyCap(since: number, now: number, pace: number): number | null {
  const days = Math.max(0, Math.floor(now / DAY_MS) - Math.floor(since / DAY_MS));
  if (days >= WARM_DAYS) return null;
  return Math.max(1, Math.floor(FIRST_DAY * 2 ** days * pace));
}

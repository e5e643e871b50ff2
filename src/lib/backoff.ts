// Waits between tries, from a table, each with a little randomness. Pure.

/** ±10 %: what failed together must not come back together (decisions 5 and 10). */
export const JITTER = 0.1;

/** Where the wait after so many tries stands in a table. */
export function place(tries: number): number {
  return Math.max(tries, 1) - 1;
}

/** Whole milliseconds within ±10 % of `wait`. */
export function jittered(wait: number, random: number): number {
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}

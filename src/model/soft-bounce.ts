// When repeated soft bounces make an address a bad one (1.9.3): so many, the first and the last so many
// days apart, without a success between. Pure.
import { bounceType, isBounceCode } from "./bounce.ts";

/** The rule of the account. */
export type SoftBounceRule = {
  /** Soft bounces in a row; 0 switches the rule off. */
  readonly count: number;
  /** Days of 24 h from the first of them to the last, at least. */
  readonly days: number;
};

/** Bounds of the settings: more than these would hardly ever be reached within the retention. */
export const MAX_SOFT_BOUNCE_COUNT = 100;
export const MAX_SOFT_BOUNCE_DAYS = 60;

/** How one delivery to an address ended, as far as it says something of the address. */
export type AddressOutcome = {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly soft: boolean;
};

/**
 * Our own relay could not be used, or could not find or reach anybody: said in our own dialogue, that is
 * no word about the recipient. A late report that says so is: another server tried for days.
 */
const RELAY_TROUBLE: ReadonlySet<number> = new Set([21, 29, 59, 110]);

/** Whether a bounce of this code is a soft one that counts; `late`: it came back after the relay accepted. */
export function countsAsSoft(code: number, said: "in the dialogue" | "late"): boolean {
  if (!isBounceCode(code) || bounceType(code) !== "s") return false;
  return said === "late" || !RELAY_TROUBLE.has(code);
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether what came of the deliveries to an address, in any order, ends with enough soft bounces. */
export function isRepeated(outcomes: readonly AddressOutcome[], rule: SoftBounceRule): boolean {
  const sorted = outcomes.toSorted((a, b) => a.at - b.at);
  const row = sorted.slice(sorted.findLastIndex(({ soft }) => !soft) + 1);
  const [first, last] = [row[0], row.at(-1)];
  if (rule.count === 0 || !first || !last) return false;
  return row.length >= rule.count && last.at - first.at >= rule.days * DAY_MS;
}

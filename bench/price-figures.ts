// What the leg `price` came to, in figures: goals 9, 3 and 4. Pure.
import { rounded, spread } from "./figures.ts";
import type { Figure, LegEnd, LegResult } from "./leg.ts";

/** Rounds of each plan. */
export const PRICE_ROUNDS = 3;

/** What a million emails cost at Amazon SES. */
const SES_USD = 100;
const GOOD = 0.15;
const MOONSHOT = 0.02;

/** Something to send, and what becomes of it. */
export type Plan = {
  readonly name: string;
  readonly what: string;
  readonly calls: number;
  /** In each call; one is sent by the single-send API. */
  readonly emails: number;
  /** Told by webhook, opened and clicked once each. */
  readonly followed: boolean;
};

/** One plan, measured once. */
export type Round = {
  /** US dollars of a million emails. */
  readonly usd: number;
  readonly cpuMs: number | null;
  readonly gate: boolean;
  readonly perEmail: Readonly<Record<string, number>>;
};

/** A goal that is a count of the meter, and what is good of it for a plan. */
const COUNTS = [
  {
    goal: 3,
    what: "D1 rows written per email, whole life",
    operation: "d1_rows_written",
    good: ({ emails, followed }: Plan) => (emails === 1 ? 12 : followed ? 8 : 6),
  },
  {
    goal: 4,
    what: "queue operations per email, whole life, no retries",
    operation: "queue_operations",
    good: ({ emails }: Plan) => (emails === 1 ? 7 : 0.5),
  },
] as const;

/** All figures; the first of each goal is that of the first plan. */
export function priceResult(all: ReadonlyMap<Plan, readonly Round[]>): LegResult {
  const gate = [...all.values()].flat().every((round) => round.gate);
  const failed = gate ? "" : "; GATE FAILED";
  const [first = []] = all.values();
  const usdOf = (rounds: readonly Round[]) => rounds.map(({ usd }) => usd / SES_USD);
  const prices = [...all].map(([plan, rounds]): Figure => {
    const ratio = spread(usdOf(rounds));
    const usd = spread(rounds.map((round) => round.usd));
    const goal = ratio.median <= MOONSHOT ? "moonshot (≤ 0.02)" : "good (≤ 0.15)";
    return {
      number: "9",
      what: `list price of an email over its whole life, ${plan.what}, purge included ÷ $100 a million`,
      measured: `${ratio.median.toFixed(4)} ($${usd.median.toFixed(2)} a million)`,
      range: `${ratio.min.toFixed(4)}–${ratio.max.toFixed(4)}`,
      n: nOf(plan, rounds),
      verdict: `${ratio.median <= GOOD ? goal : "above 0.15"}${failed}`,
    };
  });
  const countsOf = (operation: string, rounds: readonly Round[]) =>
    rounds.map(({ perEmail }) => perEmail[operation] ?? 0);
  const counts = COUNTS.flatMap(({ goal, what, operation, good }) =>
    [...all].map(([plan, rounds]): Figure => {
      const { median, min, max } = spread(countsOf(operation, rounds));
      const most = good(plan);
      return {
        number: String(goal),
        what: `${what}, ${plan.what}`,
        measured: median.toFixed(2),
        range: `${min.toFixed(2)}–${max.toFixed(2)}`,
        n: nOf(plan, rounds),
        verdict: `${median <= most ? `good (≤ ${most})` : `above ${most}`}${failed}`,
      };
    }),
  );
  const others = COUNTS.map(({ goal, operation }) => endOf(goal, countsOf(operation, first), gate));
  return { end: endOf(9, usdOf(first), gate), others, figures: [...counts, ...prices] };
}

function nOf(plan: Plan, rounds: readonly Round[]): string {
  return `${rounds.length} × ${plan.calls * plan.emails} emails`;
}

function endOf(goal: number, values: readonly number[], gate: boolean): LegEnd {
  const { median, min, max } = spread(values);
  const [ratio, least, most] = [rounded(median, 4), rounded(min, 4), rounded(max, 4)];
  return { goal, ratio, min: least, max: most, rounds: values.length, gate };
}

// What the platform bills, what it costs by its price list, and what an email came to. Pure.
import { byName } from "../lib/by-name.ts";

/** What is counted, where it is asked for (src/meter/). Names are the wire's and the table's. */
export const OPERATIONS = [
  /** The Worker was called: a request, a batch of a queue, a mail, the cron. */
  "worker_requests",
  /** A Durable Object was called, or its alarm rang. */
  "object_requests",
  "object_rows_written",
  "d1_rows_read",
  "d1_rows_written",
  /** A message was written, read or deleted; for each 64 KB of it. */
  "queue_operations",
  /** R2: puts, lists, parts of uploads. */
  "r2_class_a",
  /** R2: gets and heads. */
  "r2_class_b",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How often each was asked for. */
export type Usage = Readonly<Record<Operation, number>>;

export const NO_USAGE: Usage = byName(OPERATIONS, () => 0);

/**
 * CPU milliseconds of an email, which no Worker can measure of itself: an estimate, and a high one. `npm run
 * bench -- --only 9` measures all of workerd, and there the database is a part of it.
 */
const CPU_MS_AN_EMAIL = 10;

/** Everything that has a price by use. */
export const PRICED = [...OPERATIONS, "cpu_ms"] as const;
export type Priced = (typeof PRICED)[number];

/** The platform's list prices in US dollars; what a plan includes is not taken off. */
export const PRICES = {
  /** When they were looked up. */
  asOf: "2026-11-21",
  perMillion: {
    worker_requests: 0.3,
    cpu_ms: 0.02,
    object_requests: 0.15,
    object_rows_written: 1,
    d1_rows_read: 0.001,
    d1_rows_written: 1,
    queue_operations: 0.4,
    r2_class_a: 4.5,
    r2_class_b: 0.36,
  },
  /** A month of a gigabyte (10^9 bytes) in D1. */
  databaseGigabyte: 0.75,
} as const satisfies {
  readonly asOf: string;
  readonly perMillion: Readonly<Record<Priced, number>>;
  readonly databaseGigabyte: number;
};

/** What one day came to. */
export type UsageDay = {
  /** Its beginning in UTC, epoch milliseconds. */
  readonly at: number;
  readonly usage: Usage;
  /** Rows that keeping the counts themselves cost; among d1_rows_written. */
  readonly ownRows: number;
};

/** A use and its price: `emails` are recipients of accepted sends. */
export type Bill = {
  readonly emails: number;
  readonly operations: Readonly<Record<Priced, { readonly count: number; readonly usd: number }>>;
  readonly usd: number;
  /** Null without emails. */
  readonly usdPerThousand: number | null;
  readonly own: { readonly rows: number; readonly usd: number };
};

/** The bill of some days together. */
export function billOf(days: readonly UsageDay[], emails: number): Bill {
  const usage = days.reduce((sum, day) => sumOf(sum, day.usage), NO_USAGE);
  const ownRows = days.reduce((sum, day) => sum + day.ownRows, 0);
  const counts = { ...usage, cpu_ms: emails * CPU_MS_AN_EMAIL };
  const usd = PRICED.reduce((sum, name) => sum + counts[name] * PRICES.perMillion[name], 0);
  return {
    emails,
    operations: byName(PRICED, (name) => ({ count: counts[name], usd: usdOf(counts[name], name) })),
    usd: dollars(usd / 1e6),
    usdPerThousand: emails === 0 ? null : dollars(usd / 1e3 / emails),
    own: { rows: ownRows, usd: usdOf(ownRows, "d1_rows_written") },
  };
}

/** Two uses together. */
export function sumOf(one: Usage, other: Usage): Usage {
  return byName(OPERATIONS, (name) => one[name] + other[name]);
}

function usdOf(count: number, name: Priced): number {
  return dollars((count * PRICES.perMillion[name]) / 1e6);
}

/** Dollars to a billionth: a row read costs one. */
function dollars(amount: number): number {
  return Number(amount.toFixed(9));
}

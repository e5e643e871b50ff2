// What statistics count, and what follows from the counts. Pure.

/** Every counter, in the order they are stored; new ones go to the end. Names are the wire's. */
export const COUNTERS = [
  /** Recipients of accepted sends, suppressed ones included. */
  "accepted",
  /** A relay took it, and no bounce came back since (F-188). */
  "delivered",
  /** Attempts that a later one follows, or that were held. */
  "deferrals",
  /** Refused for good, at once or by a bounce that came later; by the type of the bounce code. */
  "bounced_hard",
  "bounced_soft",
  "bounced_other",
  /** Those among the bounced that a relay had taken before. */
  "late_bounces",
  /** Not taken within the queue lifetime. */
  "expired",
  /** Stopped by a suppression, at accept or later. */
  "suppressed",
  "complaints",
  "unsubscribes",
  /** By people; unique: the first of each delivery. */
  "opens",
  "opens_unique",
  /** By image proxies, prefetchers, scanners (track/machine.ts). */
  "opens_machine",
  "clicks",
  "clicks_unique",
  "clicks_machine",
] as const;
export type Counter = (typeof COUNTERS)[number];

/** How often each thing happened. */
export type Counts = Readonly<Record<Counter, number>>;

/** Shares from 0 up; null where there is nothing to divide by. */
export type Rates = Readonly<Record<keyof typeof RATES, number | null>>;

/** Each rate as a fraction of sums of counters. */
const RATES = {
  delivery: { of: ["delivered"], among: "ended" },
  bounce: { of: ["bounced_hard", "bounced_soft", "bounced_other"], among: "ended" },
  complaint: { of: ["complaints"], among: "delivered" },
  open: { of: ["opens_unique"], among: "delivered" },
  click: { of: ["clicks_unique"], among: "delivered" },
  unsubscribe: { of: ["unsubscribes"], among: "delivered" },
} as const satisfies Readonly<
  Record<string, { readonly of: readonly Counter[]; readonly among: keyof typeof AMONG }>
>;

/** What rates are among: what was tried and came to its end, or what arrived. */
const AMONG = {
  ended: ["delivered", "bounced_hard", "bounced_soft", "bounced_other", "expired"],
  delivered: ["delivered"],
} as const satisfies Readonly<Record<string, readonly Counter[]>>;

/** Digits kept of a rate: a millionth is less than one in any real hour. */
const RATE_DIGITS = 6;

/** The rates that follow from counts. */
export function ratesOf(counts: Counts): Rates {
  const rate = (name: keyof typeof RATES): number | null => {
    const { of, among } = RATES[name];
    const whole = sumOf(counts, AMONG[among]);
    return whole === 0 ? null : Number((sumOf(counts, of) / whole).toFixed(RATE_DIGITS));
  };
  return {
    delivery: rate("delivery"),
    bounce: rate("bounce"),
    complaint: rate("complaint"),
    open: rate("open"),
    click: rate("click"),
    unsubscribe: rate("unsubscribe"),
  };
}

function sumOf(counts: Counts, names: readonly Counter[]): number {
  return names.reduce((sum, name) => sum + counts[name], 0);
}

/** The spans that are counted for, in epoch milliseconds: whole hours and days of UTC. */
export const SPANS = { hour: 3_600_000, day: 86_400_000 } as const;
export type Span = keyof typeof SPANS;

/** The beginning of the span that holds a moment. */
export function spanStart(span: Span, at: number): number {
  return at - (at % SPANS[span]);
}

/** How long statistics are kept: hours for two months, days for more than two years. */
export const STATS_DAYS = { hour: 62, day: 750 } as const satisfies Readonly<Record<Span, number>>;

/** Hours and days that began before these moments have been kept long enough. */
export function keptSince(now: number): Readonly<Record<Span, number>> {
  const since = (span: Span): number => now - STATS_DAYS[span] * SPANS.day;
  return { hour: since("hour"), day: since("day") };
}

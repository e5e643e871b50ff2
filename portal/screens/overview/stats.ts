// What GET /v1/stats and GET /v1/health answer, and the sums that the overview draws from them.
export type Counts = Readonly<Record<string, number>>;
export type Total = {
  readonly counts: Counts;
  readonly rates: Readonly<Record<string, number | null>>;
};
export type Series = {
  readonly value: string | null;
  readonly total: Total;
  readonly intervals: readonly { readonly at: string; readonly counts: Counts }[];
};
export type Stats = { readonly total: Total; readonly series: readonly Series[] };

/** The periods to choose from: hours, and the steps of the drawing. */
export const PERIODS = {
  day: { name: "24 hours", hours: 24, interval: "hour" },
  week: { name: "7 days", hours: 168, interval: "day" },
  month: { name: "30 days", hours: 720, interval: "day" },
} as const;
export type Period = keyof typeof PERIODS;
export const PERIOD_NAMES = ["day", "week", "month"] as const satisfies readonly Period[];

/** The period that a URL names; the day when it names none. Pure. */
export function periodOf(text: string | undefined): Period {
  return text === "week" || text === "month" ? text : "day";
}

const HOUR_MS = 3_600_000;

/** A period that ends now, and the one before it: they share no interval. Pure. */
export function rangesOf(
  period: Period,
  now: number,
): { readonly from: string; readonly before: string; readonly end: string } {
  const { hours, interval } = PERIODS[period];
  const step = interval === "hour" ? HOUR_MS : 24 * HOUR_MS;
  const from = (Math.floor(now / step) + 1) * step - hours * HOUR_MS;
  const text = (time: number): string => new Date(time).toISOString();
  return { from: text(from), before: text(from - hours * HOUR_MS), end: text(from - 1) };
}

/** How a count stands to that of the period before: "+12 %", or null when there is nothing to compare with. Pure. */
export function changeOf(now: number, before: number): string | null {
  if (before === 0) return null;
  const percent = Math.round(((now - before) / before) * 100);
  return `${percent > 0 ? "+" : ""}${percent} %`;
}

/** A rate in percent, of which two digits say something. Pure. */
export function percent(rate: number): string {
  return (rate * 100).toFixed(2);
}

// From roll-ups to what /v1/stats shows: sums by interval, under the names with the most in them. Pure but
// for what gathers the sums while pages of roll-ups come.
import * as z from "zod";
import { MAIL_CLASSES, type MailClass } from "../../model/message.ts";
import { COUNTERS, ratesOf, type Span, SPANS, spanStart } from "../../model/stats.ts";
import {
  type Cell,
  countsOf,
  type Dimension,
  sumOf,
  type Tuple,
  volumeOf,
} from "../../model/stats-rollup.ts";
import type { CellsOf } from "../../store/stats-rollup.ts";
import { iso, isoTime } from "./native.ts";

/** What counts are split by. */
export const STATS_BY = ["none", "mail_class", "tag", "domain_group"] as const;

const count = z.int();
const rate = z.number().nullable();

const figures = {
  counts: z.record(z.enum([...COUNTERS, "bounced"]), count),
  rates: z.object({
    delivery: rate,
    bounce: rate,
    complaint: rate,
    open: rate,
    click: rate,
    unsubscribe: rate,
  }),
};
const figuresView = z.object(figures);

/** What `shown` of series makes. */
export const seriesView = z.object({
  total: figuresView,
  series: z.array(
    z.object({
      value: z.string().nullable(),
      remainder: z.boolean(),
      total: figuresView,
      intervals: z.array(z.object({ at: isoTime, ...figures })),
    }),
  ),
});

/** What is asked: whole spans from one moment up to (not including) another. */
export type Question = {
  readonly span: Span;
  readonly from: number;
  readonly to: number;
  readonly by: (typeof STATS_BY)[number];
  readonly dimension: Dimension;
  readonly mailClass: MailClass | null;
  /** Only this tag or domain group, as `dimension` says. */
  readonly name: string | null;
  /** Names shown by themselves. */
  readonly limit: number;
};

/** How the series of what has no name of its own is called. */
const REMAINDER = "other";

/** Finds the names with the most in them. */
export function newRanking(question: Question) {
  const volumes = new Map<string, number>();
  return {
    add: (pages: readonly CellsOf[]): void => {
      for (const { name, counts } of cellsFor(question, pages).map(({ cell }) => cell)) {
        if (name !== null) volumes.set(name, (volumes.get(name) ?? 0) + volumeOf(counts));
      }
    },
    names: (): readonly string[] =>
      [...volumes]
        .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, question.limit)
        .map(([name]) => name),
  };
}

/** Adds up one series for each name (or mail class, or one in all), and one for the rest. */
export function newSeries(question: Question, names: readonly string[]) {
  const keys = question.by === "mail_class" ? MAIL_CLASSES : names;
  const sums = new Map<string | null, Map<number, Tuple>>(
    [...keys, null].map((key) => [key, new Map()]),
  );
  const starts = spansOf(question);
  return {
    add: (pages: readonly CellsOf[]): void => {
      for (const { at, cell } of cellsFor(question, pages)) {
        const key = keyOf(question, cell);
        const intervals = sums.get(key) ?? sums.get(null);
        const start = spanStart(question.span, at);
        intervals?.set(start, sumOf([intervals.get(start) ?? [], cell.counts]));
      }
    },
    /** All of it together, and each series with every interval. */
    shown() {
      const all = [...sums.values()].flatMap((intervals) => [...intervals.values()]);
      const series = [...sums].flatMap(([key, intervals]) => {
        const isRest = key === null && question.by !== "none";
        if (isRest && intervals.size === 0) return [];
        return [
          {
            value: isRest ? REMAINDER : key,
            remainder: isRest,
            total: figuresOf([...intervals.values()]),
            intervals: starts.map((start) => ({
              at: iso(start),
              ...figuresOf([intervals.get(start) ?? []]),
            })),
          },
        ];
      });
      return { total: figuresOf(all), series };
    },
  };
}

/** The spans of a question, by their beginnings. */
export function spansOf({ span, from, to }: Pick<Question, "span" | "from" | "to">) {
  return Array.from({ length: (to - from) / SPANS[span] }, (_, n) => from + n * SPANS[span]);
}

function keyOf({ by }: Question, { mailClass, name }: Cell): string | null {
  switch (by) {
    case "none":
      return null;
    case "mail_class":
      return mailClass;
    case "tag":
    case "domain_group":
      return name;
  }
}

/** The cells that a question is about. */
function cellsFor(
  { from, to, mailClass, name }: Question,
  pages: readonly CellsOf[],
): readonly { readonly at: number; readonly cell: Cell }[] {
  return pages
    .filter(({ at }) => at >= from && at < to)
    .flatMap(({ at, cells }) => cells.map((cell) => ({ at, cell })))
    .filter(({ cell }) => mailClass === null || cell.mailClass === mailClass)
    .filter(({ cell }) => name === null || cell.name === name);
}

/** Counts with the rates that follow from them. */
function figuresOf(tuples: readonly Tuple[]) {
  const counts = countsOf(sumOf(tuples));
  const bounced = counts.bounced_hard + counts.bounced_soft + counts.bounced_other;
  return { counts: { ...counts, bounced }, rates: ratesOf(counts) };
}

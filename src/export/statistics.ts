// Statistics as an export has them: one record for each interval, mail class and tag or domain group, from the
// roll-ups of /v1/stats. Delivered leaves out what bounced later (F-184, F-188).
import { flatShape } from "../lib/table.ts";
import { type Export, isOfClass, type StatisticsBy, statisticsCursor } from "../model/export.ts";
import type { MailClass } from "../model/message.ts";
import { COUNTERS, type Span, SPANS, spanStart } from "../model/stats.ts";
import { type Cell, countsOf } from "../model/stats-rollup.ts";
import { COMMIT_LAG_MS } from "../record/stats.ts";
import { type CellsOf, pageRollups } from "../store/stats-rollup.ts";
import type { Placed, Source } from "./source.ts";

/** A row of the roll-ups has 60 kB at most. */
const PAGE_ROWS = 50;

const COLUMNS = [
  "at",
  "interval",
  "mail_class",
  "by",
  "value",
  "remainder",
  ...COUNTERS,
  "bounced",
] as const;

type StatisticsRecord = Readonly<Record<(typeof COLUMNS)[number], string | number | boolean>> & {
  readonly mail_class: MailClass;
};

/** Intervals in order, those that had ended when the export began; of each the cells by class and name. */
export const statisticsSource: Source<StatisticsRecord> = {
  shape: flatShape(COLUMNS),
  async read(db, one, cursor) {
    const { span, by } = countedBy(one);
    const start = cursor === null ? null : statisticsCursor(cursor);
    const rollups = await pageRollups(db, {
      span,
      dimension: by === "tag" ? "tags" : "groups",
      from: start?.at ?? spanStart(span, one.from),
      to: statisticsEnd(one),
      limit: PAGE_ROWS,
    });
    const last = rollups.at(-1)?.at;
    return {
      records: rollups
        .flatMap((rollup) =>
          placed(rollup, { span, by, after: rollup.at === start?.at ? start.key : "" }),
        )
        .filter(({ item }) => isOfClass(one, item.mail_class)),
      next: last === undefined ? null : `${last + SPANS[span]}:`,
    };
  },
};

/** Where the last whole interval ends, of which all is known that was accepted when the export began. */
export function statisticsEnd(one: Export): number {
  return spanStart(countedBy(one).span, Math.min(one.to + 1, one.createdAt - COMMIT_LAG_MS));
}

function countedBy({ filters }: Export): { readonly span: Span; readonly by: StatisticsBy } {
  return { span: filters.interval ?? "hour", by: filters.by ?? "domain_group" };
}

type Way = { readonly span: Span; readonly by: StatisticsBy; readonly after: string };

/** The cells of an interval behind a key. Their stored order may change while an export is made. */
function placed(
  { at, cells }: CellsOf,
  { span, by, after }: Way,
): readonly Placed<StatisticsRecord>[] {
  return cells
    .map((cell) => ({ cell, key: keyOf(cell) }))
    .filter(({ key }) => key > after)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ cell, key }) => ({ item: recordOf(at, cell, { span, by }), next: `${at}:${key}` }));
}

function keyOf({ mailClass, name }: Cell): string {
  return name === null ? mailClass : `${mailClass}=${name}`;
}

function recordOf(
  at: number,
  { mailClass, name, counts: tuple }: Cell,
  { span, by }: Omit<Way, "after">,
): StatisticsRecord {
  const counts = countsOf(tuple);
  return {
    at: new Date(at).toISOString(),
    interval: span,
    mail_class: mailClass,
    by,
    value: name ?? "other",
    remainder: name === null,
    ...counts,
    bounced: counts.bounced_hard + counts.bounced_soft + counts.bounced_other,
  };
}

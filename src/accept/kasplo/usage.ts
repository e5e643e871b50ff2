// /v1/account/usage: what the platform was asked for, by day, and what that costs by its price list.
import * as z from "zod";
import type { App } from "../../app.ts";
import { byName } from "../../lib/by-name.ts";
import { fail, ok } from "../../lib/result.ts";
import { invalidField } from "../../model/problem.ts";
import { SPANS, spanStart } from "../../model/stats.ts";
import { countsOf, sumOf } from "../../model/stats-rollup.ts";
import { type Bill, billOf, PRICED, PRICES, type UsageDay } from "../../model/usage.ts";
import { countStats, uncounted } from "../../record/stats.ts";
import { databaseSize } from "../../store/db.ts";
import { pageRollups } from "../../store/stats-rollup.ts";
import { readUsage } from "../../store/usage.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, one, timeParameter } from "./native.ts";

const DEFAULT_DAYS = 30;
/** The answer has a line for each. */
const MAX_DAYS = 100;

/** Pieces of statistics that are counted before an answer, when the sweeper has not come to them yet. */
const PIECES = 2;

const GIGABYTE = 1e9;

const query = z.object({ from: timeParameter.optional(), to: timeParameter.optional() });

const priced = z.object({ count: z.number(), usd: z.number() });
const billView = z.object({
  emails: z.int(),
  operations: z.object(byName(PRICED, () => priced)),
  usd: z.number(),
  usd_per_thousand_emails: z.number().nullable(),
  own: z.object({ d1_rows_written: z.int(), usd: z.number() }),
});

const usageView = z.object({
  from: isoTime,
  to: isoTime,
  ...billView.shape,
  days: z.array(z.object({ day: isoTime, ...billView.shape })),
  storage: z.object({ database_bytes: z.int(), usd_per_month: z.number() }),
  prices: z.object({
    as_of: z.iso.date(),
    usd_per_million: z.object(byName(PRICED, () => z.number())),
    usd_per_gigabyte_month: z.number(),
  }),
});

const read = endpoint({
  method: "GET",
  path: "/account/usage",
  summary: "Show what the platform was asked for, by day, and what that costs by its price list",
  description:
    "`from` and `to` are taken as whole days of UTC; `to` is the last one. `cpu_ms` is an estimate. What a plan of the platform includes is not taken off.",
  scope: "read",
  request: { query },
  response: { 200: dataOf(usageView) },
  async handle(app, { query }) {
    const to = spanStart("day", query.to ?? app.now()) + SPANS.day;
    const from = spanStart("day", query.from ?? to - DEFAULT_DAYS * SPANS.day);
    if (from >= to) return fail(invalidField("from", "must not be after to"));
    if (to - from > MAX_DAYS * SPANS.day) {
      return fail(invalidField("from", `must be at most ${MAX_DAYS} days before to`));
    }
    const days = await readUsage(app.db, { from, to });
    const emailsAt = await acceptedByDay(app, { from, to });
    const emailsOf = ({ at }: UsageDay) => emailsAt.get(at) ?? 0;
    // Mail of days in which nothing was counted yet has no price.
    const emails = days.reduce((sum, day) => sum + emailsOf(day), 0);
    const bytes = databaseSize(app.db);
    return ok(
      one({
        from: iso(from),
        to: iso(to),
        ...shownBill(billOf(days, emails)),
        days: days.map((day) => ({
          day: iso(day.at),
          ...shownBill(billOf([day], emailsOf(day))),
        })),
        storage: {
          database_bytes: bytes,
          usd_per_month: (bytes / GIGABYTE) * PRICES.databaseGigabyte,
        },
        prices: {
          as_of: PRICES.asOf,
          usd_per_million: PRICES.perMillion,
          usd_per_gigabyte_month: PRICES.databaseGigabyte,
        },
      }),
    );
  },
});

/** The operation of /v1/account/usage. */
export const usageEndpoints = [read];

/** Recipients of accepted sends by day, those of the last minutes too. */
async function acceptedByDay(
  app: App,
  range: { readonly from: number; readonly to: number },
): Promise<ReadonlyMap<number, number>> {
  await countStats(app, PIECES);
  const page = { ...range, span: "day", dimension: "groups", limit: MAX_DAYS } as const;
  const counted = await pageRollups(app.db, page);
  // Last: what is counted from now on would otherwise be here and there.
  const { hours } = await uncounted(app);
  const fresh = hours.map(({ at, added }) => ({ at: spanStart("day", at), cells: added.groups }));
  const byDay = Map.groupBy([...counted, ...fresh], ({ at }) => at);
  return new Map(
    [...byDay].map(([at, same]) => {
      const tuples = same.flatMap(({ cells }) => cells.map(({ counts }) => counts));
      return [at, countsOf(sumOf(tuples)).accepted];
    }),
  );
}

function shownBill({ emails, operations, usd, usdPerThousand, own }: Bill) {
  return {
    emails,
    operations,
    usd,
    usd_per_thousand_emails: usdPerThousand,
    own: { d1_rows_written: own.rows, usd: own.usd },
  };
}

// /v1/stats: how often what happened, by hour or day, split by mail class, tag or domain group (F-138,
// F-183, F-188).
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseDomain } from "../../model/address.ts";
import { domainGroup } from "../../model/domain-group.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { type Span, SPANS, spanStart } from "../../model/stats.ts";
import { countStats, type Uncounted, uncounted } from "../../record/stats.ts";
import { type CellsOf, pageRollups } from "../../store/stats-rollup.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, limitOf, one, timeParameter } from "./native.ts";
import {
  newRanking,
  newSeries,
  type Question,
  seriesView,
  spansOf,
  STATS_BY,
} from "./stats-series.ts";

/** How far back a question goes unless it says so, and at most, in days. */
const DEFAULT_DAYS = { hour: 1, day: 30 } as const satisfies Record<Span, number>;
const MAX_DAYS = { hour: 31, day: 750 } as const satisfies Record<Span, number>;

/** Intervals of all series together: an answer of some megabytes. */
const MAX_INTERVALS = 10_000;

/** Pieces that are counted before an answer, when the sweeper has not come to them yet. */
const PIECES = 2;

/** Roll-ups in memory at a time. */
const PAGE_ROWS = 100;

const DEFAULT_NAMES = 10;

const query = z.object({
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  interval: z.enum(["hour", "day"], "must be hour or day").default("day"),
  by: z.enum(STATS_BY, `must be one of ${STATS_BY.join(", ")}`).default("none"),
  mail_class: z.enum(MAIL_CLASSES, `must be one of ${MAIL_CLASSES.join(", ")}`).optional(),
  tag: z.string().optional(),
  domain_group: z.string().min(1, "must be a group such as gmail, or a domain").optional(),
  limit: limitOf(DEFAULT_NAMES),
});
type Query = z.output<typeof query>;

const statsView = seriesView.extend({
  from: isoTime,
  to: isoTime,
  interval: z.enum(["hour", "day"]),
  by: z.enum(STATS_BY),
  filters: z.object({
    mail_class: z.enum(MAIL_CLASSES).optional(),
    tag: z.string().optional(),
    domain_group: z.string().optional(),
  }),
  counted_until: isoTime,
});

const read = endpoint({
  method: "GET",
  path: "/stats",
  summary:
    "Count what happened, by hour or day, and by mail class, tag or group of recipient domains",
  scope: "read",
  request: { query },
  response: { 200: dataOf(statsView) },
  async handle(app, { query: asking, key }) {
    // Who is bound to one mail class sees its figures only (F-024).
    const query = { ...asking, mail_class: key.mailClass ?? asking.mail_class };
    const asked = questionOf(query, app.now());
    if (!asked.ok) return asked;
    const question = asked.value;
    const { until: logUntil } = await countStats(app, PIECES);
    const series = newSeries(question, await namesOf(app, question));
    await eachPage(app, question, series.add);
    // Last: what is counted from now on would otherwise be here and in the pages.
    const fresh = await uncounted(app);
    series.add(cellsOf(fresh, question));
    const until = Math.min(logUntil, fresh.until);
    return ok(one({ ...view(query, question), counted_until: iso(until), ...series.shown() }));
  },
});

/** The operations of /v1/stats. */
export const statsEndpoints = [read];

/** What is asked, in whole intervals; or what is wrong with it. */
function questionOf(query: Query, now: number): Result<Question, Problem> {
  const span = query.interval;
  const end = query.to ?? now;
  const from = spanStart(span, query.from ?? end - DEFAULT_DAYS[span] * SPANS.day);
  const to = spanStart(span, end + SPANS[span] - 1);
  if (query.from !== undefined && query.from >= end)
    return fail(invalidField("from", "must be before to"));
  if (to - from > MAX_DAYS[span] * SPANS.day) {
    const reason = `must be at most ${MAX_DAYS[span]} days before to with interval=${span}`;
    return fail(invalidField("from", reason));
  }
  const name = nameOf(query);
  if (!name.ok) return name;
  const question: Question = {
    span,
    from,
    to,
    by: query.by,
    dimension: query.by === "tag" || query.tag !== undefined ? "tags" : "groups",
    mailClass: query.mail_class ?? null,
    name: name.value,
    limit: query.limit,
  };
  const most = Math.floor(MAX_INTERVALS / spansOf(question).length);
  if (splits(question) && question.limit >= most) {
    const reason = `must be below ${most} for so many intervals; or ask for fewer`;
    return fail(invalidField("limit", reason));
  }
  return ok(question);
}

/** The one tag or domain group that is asked for, or null. */
function nameOf({ by, tag, domain_group: group }: Query): Result<string | null, Problem> {
  if (group === undefined) {
    if (by === "domain_group" && tag !== undefined) return fail(apart("tag", "by=domain_group"));
    return ok(tag ?? null);
  }
  if (tag !== undefined) return fail(apart("domain_group", "tag"));
  if (by === "tag") return fail(apart("domain_group", "by=tag"));
  if (!group.includes(".")) return ok(group.toLowerCase());
  const domain = parseDomain(group);
  return domain.ok
    ? ok(domainGroup(domain.value))
    : fail(invalidField("domain_group", "must be a group such as gmail, or a domain"));
}

function apart(field: string, other: string): Problem {
  return invalidField(field, `cannot stand with ${other}: tags and domains are counted apart`);
}

function splits({ by }: Question): boolean {
  return by === "tag" || by === "domain_group";
}

/** The names that get a series of their own. */
async function namesOf(app: App, question: Question): Promise<readonly string[]> {
  if (!splits(question)) return [];
  const ranking = newRanking(question);
  await eachPage(app, question, ranking.add);
  ranking.add(cellsOf(await uncounted(app), question));
  return ranking.names();
}

/** Reads the roll-ups of a question page by page: all of them may not fit into memory. */
async function eachPage(
  app: App,
  { span, dimension, from, to }: Question,
  add: (pages: readonly CellsOf[]) => void,
): Promise<void> {
  for (let next = from; next < to;) {
    const page = await pageRollups(app.db, { span, dimension, from: next, to, limit: PAGE_ROWS });
    add(page);
    next = page.length < PAGE_ROWS ? to : (page.at(-1)?.at ?? to) + SPANS[span];
  }
}

function cellsOf({ hours }: Uncounted, { dimension }: Question): readonly CellsOf[] {
  return hours.map(({ at, added }) => ({ at, cells: added[dimension] }));
}

function view(query: Query, { from, to }: Question) {
  const { interval, by, mail_class, tag, domain_group } = query;
  const range = { from: iso(from), to: iso(to), interval, by };
  return { ...range, filters: { mail_class, tag, domain_group } };
}

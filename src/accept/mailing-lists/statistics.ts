// What the campaigns of a list came to (E-13): sums of real counters, and rates of the sums.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { List } from "../../model/list.ts";
import {
  type CampaignCounts,
  campaignStatistics,
  NO_COUNTS,
  sumCounts,
} from "../../model/list-campaign.ts";
import { newListTally } from "../../record/list-tally.ts";
import { countStats } from "../../record/stats.ts";
import { changedCampaigns } from "../../store/list-campaign.ts";
import { campaignStarts, campaignSums } from "../../store/list-campaign-sums.ts";
import { endpoint } from "../endpoint.ts";
import { failure, success } from "./envelope.ts";
import { existing } from "./lists.ts";
import { listParams } from "./schema.ts";
import { answerOf } from "./view.ts";

/** Pieces that are counted before an answer, when the sweeper has not come to them yet. */
const PIECES = 2;

/** What is documented in `campaignStatistics`, which is the shape of the answer. */
const example = campaignStatistics(NO_COUNTS);
const statisticsView = z
  .object({
    ...Object.fromEntries(Object.keys(example).map((key) => [key, z.number()])),
    bounces_unique_by_code: z.record(z.string(), z.int()),
  })
  .meta({ example });

const read = endpoint({
  method: "GET",
  path: "/mailing_lists/:mailing_list_id/campaign_statistics",
  summary: "Sum up the campaigns of a list, by when they started (E-13)",
  scope: "read",
  request: {
    params: listParams,
    query: z.object({
      started_at__start: z.string().optional(),
      started_at__end: z.string().optional(),
    }),
  },
  response: { 200: answerOf(statisticsView) },
  problems: ["malformed_body"],
  async handle(app, { params, query }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const started = startedOf(app, list.value, query);
    if (!started.ok) return ok(failure(400, "invalid_request", started.error));
    const counts = await countsOf(app, list.value.id, started.value);
    return ok(success(campaignStatistics(counts)));
  },
});

/** The operations of statistics. */
export const statisticsEndpoints = [read];

/** From one moment up to (not including) another, epoch milliseconds. */
type Started = { readonly from: number; readonly to: number };

function startedOf(
  app: App,
  list: List,
  { started_at__start: start, started_at__end: end }: Readonly<Record<string, string | undefined>>,
): Result<Started, string> {
  const from = start === undefined ? list.createdAt : parseTime(start);
  const to = end === undefined ? app.now() + 1 : parseTime(end);
  const wrong = from === null ? "started_at__start" : "started_at__end";
  if (from === null || to === null) {
    return fail(`${wrong} must be ISO 8601 such as 2026-11-21T10:00:00Z, or seconds since 1970`);
  }
  const ordered = start === undefined || end === undefined || from <= to;
  return ordered ? ok({ from, to }) : fail("started_at__start must not be after started_at__end");
}

/** A date, or a date and a time; without a zone it is UTC. A plus sign comes as a space from some clients. */
const ISO_8601 =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)?)?$/i;

/** A moment as ISO 8601 or in seconds since 1970, in epoch milliseconds; null when it is neither. */
export function parseTime(text: string): number | null {
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1000;
  const [, day, time = "00:00", zone = "Z"] = ISO_8601.exec(text) ?? [];
  if (day === undefined) return null;
  const offset = zone.replace(" ", "+").replace(/^([+-]\d\d):?/, "$1:");
  const at = Date.parse(`${day}T${time}${offset.toUpperCase()}`);
  const exists = Number.isFinite(at) && dayExists(day);
  return exists ? at : null;
}

/** Whether a month has a day: Date.parse takes the 31st of February for a day in March. */
function dayExists(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(day);
}

/** What is counted and what was accepted since: of campaigns that started in a time. */
async function countsOf(app: App, list: number, { from, to }: Started): Promise<CampaignCounts> {
  await countStats(app, PIECES);
  const { counted, fresh } = await campaignSums(app.db, { list, from, to });
  const tally = newListTally();
  for (const mail of fresh) tally.accepted(mail);
  const changes = tally.changes();
  // What the mail calls its list may be another's name by now.
  const own = (await changedCampaigns(app.db, changes)).filter((one) => one.list === list);
  const sendIds = own.map(({ sendId }) => sendId);
  const starts = await campaignStarts(app.db, list, sendIds);
  const added = own.flatMap(({ listId, sendId, startedAt }) => {
    const change = changes.find((one) => one.listId === listId && one.sendId === sendId);
    const first = Math.min(startedAt, starts.get(sendId) ?? startedAt);
    return change && first >= from && first < to ? [change.added] : [];
  });
  return sumCounts([counted, ...added]);
}

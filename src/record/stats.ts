// Counts what happened since the last time: new messages and new rows of the event log become roll-ups,
// committed together with the cursor that says how far. Killed anywhere nothing is counted twice; of two
// runs at once one commits. Bounded work: a backlog is counted by the runs that follow. What was counted is
// told to the quota as well, which slows down a sender whose mail fails.
import type { App } from "../app.ts";
import { timeOfUuidv7 } from "../lib/id.ts";
import { twice } from "../store/db.ts";
import { type CampaignChange, withoutRepeated } from "../model/list-campaign.ts";
import { changedCampaigns } from "../store/list-campaign.ts";
import { repeatedFirsts } from "../store/list-campaign-first.ts";
import { MAX_STORE_MS } from "../model/message.ts";
import { type Outcomes, outcomesOf } from "../model/pace.ts";
import { type Span, spanStart } from "../model/stats.ts";
import { type Change, type Rollup, sumChanges, withChange } from "../model/stats-rollup.ts";
import {
  commitStats,
  type News,
  readAccepted,
  readNews,
  type StatsCursor,
} from "../store/stats.ts";
import { readRollups, type RollupOf } from "../store/stats-rollup.ts";
import { type ListTally, newListTally } from "./list-tally.ts";
import { newTally, type Tally } from "./tally.ts";

/**
 * Messages are counted when their id is so old: the cursor must not pass one that is still to come. After
 * MAX_STORE_MS come two tries of D1, which ends each query within 30 s; the rest is for clocks that differ.
 */
export const COMMIT_LAG_MS = MAX_STORE_MS + 4 * 60_000;

/** A run counts for so long, or so many pieces; the next minute's goes on. */
const RUN_MS = 5_000;
const RUN_PIECES = 20;

/**
 * Counts what is new, at most so many pieces of it. Answers until when the log is counted, epoch
 * milliseconds.
 */
export async function countStats(
  app: App,
  pieces: number = RUN_PIECES,
): Promise<{ readonly until: number }> {
  const now = app.now();
  const until = now - COMMIT_LAG_MS;
  const tallies = { tally: newTally(), lists: newListTally() };
  const outcomes: Outcomes[] = [];
  let news = await readNews(app.db, { after: null, until });
  const { from } = news;
  gather(tallies, outcomes, news);
  for (let n = 1; n < pieces && app.now() - now < RUN_MS; n++) {
    if (!news.moreLog && !news.moreAccepted) break;
    news = await readNews(app.db, { after: news.to, until });
    gather(tallies, outcomes, news);
  }
  const { to } = news;
  if (to.position !== from.position || to.messageId !== from.messageId) {
    await commit(app, { from, to, ...tallies });
    if (outcomes.length > 0) app.background("observe_failed", app.quota.observe(outcomes));
  }
  return { until: news.moreLog ? Math.floor(to.position / 1000) : now };
}

/** The same happenings counted by hour, and by campaign where they are a list's. */
type Tallies = { readonly tally: Tally; readonly lists: ListTally };

function gather({ tally, lists }: Tallies, outcomes: Outcomes[], { log, accepted }: News): void {
  for (const row of accepted) {
    tally.accepted(row);
    lists.accepted(row);
  }
  for (const { position, entries } of log) {
    const committedAt = Math.floor(position / 1000);
    for (const entry of entries) {
      tally.entry(entry, committedAt);
      lists.entry(entry);
    }
  }
  outcomes.push(...outcomesOf(log));
}

/** What was accepted and is not counted yet, by hour; `until` when, epoch milliseconds. */
export type Uncounted = {
  readonly until: number;
  readonly hours: readonly { readonly at: number; readonly added: Rollup }[];
};

/** Looks at what was accepted and is not counted yet, one piece of it. */
export async function uncounted(app: App): Promise<Uncounted> {
  const now = app.now();
  const tally = newTally();
  const { rows, last, more } = await readAccepted(app.db, now + 1);
  for (const row of rows) tally.accepted(row);
  const hours = [...tally.changes()].map(([at, { added }]) => ({ at, added }));
  return { until: more && last !== null ? timeOfUuidv7(last) : now, hours };
}

async function commit(
  app: App,
  run: Tallies & { readonly from: StatsCursor; readonly to: StatsCursor },
): Promise<void> {
  const hours = run.tally.changes();
  const byDay = Map.groupBy(hours, ([at]) => spanStart("day", at));
  const days = new Map(
    [...byDay].map(([at, list]) => [at, sumChanges(list.map(([, change]) => change))] as const),
  );
  const changes: Readonly<Record<Span, ReadonlyMap<number, Change>>> = { hour: hours, day: days };
  // Read after the cursor: if anybody writes them from now on, the cursor has moved and nothing is committed.
  const known = await readRollups(app.db, { hour: [...hours.keys()], day: [...days.keys()] });
  const changed = (span: Span): readonly RollupOf[] =>
    known[span].flatMap(({ at, rollup }) => {
      const change = changes[span].get(at);
      const next = change ? withChange(rollup, change) : rollup;
      // Of what was delivered before anything was counted there is nothing to take back.
      return isEmpty(rollup) && isEmpty(next) ? [] : [{ at, rollup: next }];
    });
  const rollups = { hour: changed("hour"), day: changed("day") };
  const campaigns = await changedCampaigns(app.db, await campaignChanges(app, run.lists));
  await twice(() => commitStats(app.db, { from: run.from, to: run.to, rollups, campaigns }));
}

/** What changes in campaigns, where unique counts are of recipients. */
async function campaignChanges(app: App, lists: ListTally): Promise<readonly CampaignChange[]> {
  const changes = lists.changes();
  return withoutRepeated(changes, await repeatedFirsts(app.db, lists.firsts(), changes));
}

function isEmpty({ tags, groups }: Rollup): boolean {
  return tags.length + groups.length === 0;
}

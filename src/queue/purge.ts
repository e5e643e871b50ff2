// The purge (F-012, D-13): deletes what has been over for the retention, in steps that each are one
// transaction. Stopped anywhere, the next run goes on; two at once do what one does. It never passes an
// open delivery's message for good: a walk that came to its end starts again an hour later.
import type { App } from "../app.ts";
import { uuidv7Bound } from "../lib/id.ts";
import { reasonOf } from "../lib/log.ts";
import {
  type Cutoffs,
  cutoffsOf,
  startsAgain,
  type Walk,
  WALK_START,
  type WalkName,
} from "../model/purge.ts";
import { keptSince } from "../model/stats.ts";
import { readAccount } from "../store/account.ts";
import {
  deleteContents,
  deleteExhaustedJobs,
  deleteLogRows,
  deleteMessages,
  findWalk,
  forgetWalk,
  judge,
  type Judged,
  nextContents,
  nextMessages,
  saveWalk,
  STEP_ROWS,
} from "../store/purge.ts";
import { deleteCreditEntries } from "../store/credit.ts";
import { deleteSessions } from "../store/session.ts";
import { deleteRollups } from "../store/stats-rollup.ts";

/** A run ends after so long, and the next minute's goes on. */
const RUN_MS = 10_000;

/** Steps of one part in one run: the platform allows 1,000 calls per invocation, a step makes up to four. */
const MAX_STEPS = 60;

const BLOB_PREFIX = "content/";

/** What one step of a walk came to. */
type Step = {
  readonly gone: number;
  /** How many it passed that must stay. */
  readonly kept: number;
  /** What it passed last, or null when there is nothing further on. */
  readonly next: string | null;
};

/** Deletes what is old enough from D1: events, webhook failures, contents, messages, statistics. */
export async function purge(app: App): Promise<void> {
  const now = app.now();
  const cutoffs = cutoffsOf(await readAccount(app.db), now);
  await runParts(app, {
    log_rows: rowsUntilDone(app, now, () => deleteLogRows(app.db, cutoffs.all)),
    credits: rowsUntilDone(app, now, () => deleteCreditEntries(app.db, cutoffs.all, STEP_ROWS)),
    failures: rowsUntilDone(app, now, () => deleteExhaustedJobs(app.db, cutoffs.all)),
    contents: walk(app, "contents", now, (after) => contentStep(app, cutoffs, after)),
    messages: walk(app, "messages", now, (after) => messageStep(app, cutoffs, after)),
    sessions: rowsUntilDone(app, now, () => deleteSessions(app.db, now, STEP_ROWS)),
    // Statistics outlive what they count, by terms of their own.
    statistics: rowsUntilDone(app, now, () => deleteRollups(app.db, keptSince(now), STEP_ROWS)),
  });
}

/** Deletes from R2 the contents that are old enough or that no message owns; a list is a paid operation. */
export async function purgeBlobs(app: App): Promise<void> {
  const now = app.now();
  const cutoffs = cutoffsOf(await readAccount(app.db), now);
  await runParts(app, {
    blobs: walk(app, "blobs", now, (after) => blobStep(app, cutoffs, after)),
  });
}

/** What one part cannot do must not keep the others from their work. */
async function runParts(app: App, parts: Readonly<Record<string, Promise<number>>>): Promise<void> {
  const failures: unknown[] = [];
  const gone = await Promise.all(
    Object.entries(parts).map(async ([part, work]) => {
      try {
        return [part, await work] as const;
      } catch (error) {
        app.log("error", "purge_failed", { part, reason: reasonOf(error) });
        failures.push(error);
        return [part, 0] as const;
      }
    }),
  );
  if (gone.some(([, count]) => count > 0)) app.log("info", "purged", Object.fromEntries(gone));
  if (failures.length > 0) throw failures[0];
}

/** Repeats a step that deletes the oldest rows until one finds less than it could take. */
async function rowsUntilDone(app: App, now: number, step: () => Promise<number>): Promise<number> {
  let gone = 0;
  for (let n = 0; n < MAX_STEPS && app.now() - now < RUN_MS; n++) {
    const count = await step();
    gone += count;
    if (count < STEP_ROWS) break;
  }
  return gone;
}

/**
 * Goes on where the last run stopped. Only a step that passed things which must stay is remembered: what
 * was deleted is not read again anyway.
 */
async function walk(
  app: App,
  name: WalkName,
  now: number,
  step: (after: string) => Promise<Step>,
): Promise<number> {
  const known = await findWalk(app.db, name);
  let after = known?.after ?? WALK_START;
  let gone = 0;
  for (let n = 0; n < MAX_STEPS && app.now() - now < RUN_MS; n++) {
    const done = await step(after);
    gone += done.gone;
    if (done.next === null) {
      if (known && startsAgain(known, now)) await forgetWalk(app.db, name);
      break;
    }
    after = done.next;
    if (done.kept > 0) await saveWalk(app.db, { name, after, startedAt: now } satisfies Walk);
  }
  return gone;
}

async function messageStep(app: App, cutoffs: Cutoffs, after: string): Promise<Step> {
  const ids = await nextMessages(app.db, after, cutoffs.all);
  const judged = await judgeAll(app, ids);
  const doomed = judged.flatMap((message) =>
    message && isOver(message, cutoffs.all) ? [message] : [],
  );
  // Objects first: without a message that names them nobody would find them soon. Nothing sends it again.
  const keys = doomed.flatMap(({ contentKey }) => (contentKey === null ? [] : [contentKey]));
  if (keys.length > 0) await app.blobs.delete(keys);
  const going = doomed.map(({ id }) => id);
  if (going.length > 0) await deleteMessages(app.db, going, cutoffs.all);
  return stepOf(ids, judged.length, doomed.length);
}

async function contentStep(app: App, cutoffs: Cutoffs, after: string): Promise<Step> {
  const contents = await nextContents(app.db, Number(after), cutoffs.content);
  const old = contents.filter(({ messageId }) => messageId < uuidv7Bound(cutoffs.content + 1));
  const judged = await judgeAll(
    app,
    old.map(({ messageId }) => messageId),
  );
  const doomed = old.filter((_, n) => mayGo(judged[n], cutoffs.content));
  if (doomed.length > 0) await deleteContents(app.db, doomed, cutoffs.content);
  const passed = old.map(({ id }) => String(id));
  const step = stepOf(passed, judged.length, doomed.length);
  // Where the contents are younger, the walk has reached its end.
  return old.length < contents.length && judged.length === old.length
    ? { ...step, next: null }
    : step;
}

async function blobStep(app: App, cutoffs: Cutoffs, after: string): Promise<Step> {
  const end = BLOB_PREFIX + uuidv7Bound(cutoffs.content + 1);
  const { objects } = await app.blobs.list({
    prefix: BLOB_PREFIX,
    limit: STEP_ROWS,
    ...(after === WALK_START ? {} : { startAfter: after }),
  });
  const keys = objects.map(({ key }) => key).filter((key) => key < end);
  const judged = await judgeAll(
    app,
    keys.map((key) => key.split("/")[1] ?? ""),
  );
  const doomed = keys.filter(
    (key, n) => mayGo(judged[n], cutoffs.content) || (judged[n] && judged[n].contentKey !== key),
  );
  if (doomed.length > 0) await app.blobs.delete(doomed);
  return stepOf(keys, judged.length, doomed.length);
}

async function judgeAll(app: App, ids: readonly string[]): Promise<readonly (Judged | null)[]> {
  return ids.length === 0 ? [] : judge(app.db, ids);
}

/** Over since the cutoff, or without a message. What was not looked at (undefined) stays for now. */
function mayGo(judged: Judged | null | undefined, cutoff: number): boolean {
  return judged === null || (judged !== undefined && isOver(judged, cutoff));
}

function isOver({ terminalAt }: Judged, cutoff: number): boolean {
  return terminalAt !== null && terminalAt <= cutoff;
}

/** A step that took a list, looked at the first `judged` of it and deleted `gone` of those. */
function stepOf(list: readonly string[], judged: number, gone: number): Step {
  const more = list.length === STEP_ROWS || judged < list.length;
  return { gone, kept: judged - gone, next: more ? (list[judged - 1] ?? null) : null };
}

// The conductor of exports: leases the export whose turn it is, reads its records, writes its file, for some
// 20 s; then it wakes itself again. Killed anywhere, another run goes on from what was kept last, once the
// lease has run out.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { tableWriter } from "../lib/table.ts";
import { EXPORT_LIFE_MS } from "../model/export.ts";
import { countStats, uncounted } from "../record/stats.ts";
import { twice } from "../store/db.ts";
import { abortUpload } from "../store/export-file.ts";
import {
  giveUpExport,
  type LeasedExport,
  leaseExport,
  restartExport,
} from "../store/export-lease.ts";
import { contactSource } from "./contacts.ts";
import { eventSource } from "./events.ts";
import { addText, closeFile, finishFile, openFile, pauseFile, type Step } from "./file.ts";
import { messageSource } from "./messages.ts";
import type { Source } from "./source.ts";
import { statisticsEnd, statisticsSource } from "./statistics.ts";
import { suppressionSource } from "./suppressions.ts";

/** One invocation works so long, so that other background work gets its turn. */
const RUN_MS = 20_000;

/** The platform allows 1,000 calls an invocation; a page makes two, and a part that it fills five. */
const PAGES_A_RUN = 120;

/** Longer than a run with its last page and part: nobody else begins before it is over. */
const LEASE_MS = 60_000;

/** Leases in a row that kept nothing: after half an hour of R2 or D1 failing, a person must look. */
const MAX_TRIES = 30;

/** Of these, so many try to put the parts together; then the file is written anew, once. */
const MAX_CLOSES = 5;

/** Works on exports until none waits or the time is over. */
export async function workOnExports(app: App): Promise<void> {
  const run = { end: app.now() + RUN_MS, pages: 0 };
  while (goesOn(app, run)) {
    const now = app.now();
    const lease = { id: app.newId(), now, until: now + LEASE_MS };
    const one = await leaseExport(app.db, lease);
    if (!one) return;
    try {
      await work(app, one, run);
    } catch (error) {
      // Its lease runs out; the others need not wait so long.
      app.log("warn", "export_interrupted", { export: one.id, reason: reasonOf(error) });
    }
  }
  await app.wake.background("exports");
}

type Run = { readonly end: number; pages: number };

function goesOn(app: App, run: Run): boolean {
  return app.now() < run.end && run.pages < PAGES_A_RUN;
}

async function work(app: App, one: LeasedExport, run: Run): Promise<void> {
  if (one.tries > MAX_TRIES) {
    await giveUp(app, one, "it was interrupted too often; order the export again");
  } else if (one.state === "closing" && one.tries > MAX_CLOSES && one.restarts === 0) {
    await beginAnew(app, one);
  } else if (one.kind === "statistics" && !(await isCounted(app, one))) {
    // The lease runs out meanwhile: a backlog is counted piece by piece, by the sweeper too.
    app.log("info", "export_waits", { export: one.id });
  } else if ((await write(app, one, run)) === "too_long") {
    await giveUp(app, one, "the file would have over 20 GB; order shorter ranges");
  }
}

function write(app: App, one: LeasedExport, run: Run): Promise<Step> {
  switch (one.kind) {
    case "events":
      return writeFrom(app, one, eventSource, run);
    case "messages":
      return writeFrom(app, one, messageSource, run);
    case "statistics":
      return writeFrom(app, one, statisticsSource, run);
    case "suppressions":
      return writeFrom(app, one, suppressionSource, run);
    case "contacts":
      return writeFrom(app, one, contactSource(one), run);
  }
}

/** Whether everything is counted that belongs into an export of statistics. */
async function isCounted(app: App, one: LeasedExport): Promise<boolean> {
  const end = statisticsEnd(one);
  const { until } = await countStats(app);
  if (until < end) return false;
  return (await uncounted(app)).hours.every(({ at }) => at >= end);
}

/** Reads and writes at least one page, so that every lease comes further. */
async function writeFrom<T>(
  app: App,
  one: LeasedExport,
  source: Source<T>,
  run: Run,
): Promise<Step> {
  const file = await openFile(app, one);
  if (file.closing) return finishFile(file, one.rows);
  const writer = tableWriter(one.format, source.shape);
  let { cursor, rows } = one;
  if (cursor === null) await addText(file, writer.head, { cursor, rows });
  do {
    run.pages += 1;
    const from = cursor;
    const page = await twice(() => source.read(app.db, one, from));
    for (const { item, next } of page.records) {
      const text = writer.record(item, rows);
      rows += 1;
      const step = await addText(file, text, { cursor: next, rows });
      if (step !== "on") return step;
    }
    if (page.next === null) return closeFile(file, writer.end, rows);
    cursor = page.next;
  } while (goesOn(app, run));
  return pauseFile(file, { cursor, rows });
}

async function giveUp(app: App, one: LeasedExport, error: string): Promise<void> {
  const now = app.now();
  const failure = { error, now, expiresAt: now + EXPORT_LIFE_MS };
  if (!(await twice(() => giveUpExport(app.db, one, failure)))) return;
  app.log("error", "export_given_up", { export: one.id, reason: error });
}

/** The parts do not fit together: somebody who had lost the lease may have uploaded one once more. */
async function beginAnew(app: App, one: LeasedExport): Promise<void> {
  const { id, objectKey, uploadId } = one;
  if (objectKey !== null && uploadId !== null) {
    await abortUpload(app.blobs, { key: objectKey, id: uploadId });
  }
  if (await restartExport(app.db, one)) app.log("warn", "export_restarted", { export: id });
}

// The erasure of addresses (I12): what was sent to one goes at once, then whatever else names it, table by
// table. Stopped anywhere, the next run goes on; twice is as once. What a restored database has forgotten,
// the ledger in R2 brings back (F27).
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { seal } from "../lib/seal.ts";
import { type Erasure, erasureHasher, erasurePurpose } from "../model/erasure.ts";
import { countStats } from "../record/stats.ts";
import { WALK_START } from "../model/purge.ts";
import {
  listLedger,
  moveErasures,
  nextAddresses,
  openErasures,
  rememberErasures,
  settledErasures,
} from "../store/erasure.ts";
import { findWalk, forgetWalk, saveWalk } from "../store/purge.ts";
import { clear } from "./erase-sent.ts";
import { search } from "./erase-mentions.ts";
import { openPlace, savePlace } from "./erase-sealed.ts";

/** Each part of a run ends after so long: other background work wants its turn. */
const RUN_MS = 6_000;

/** Calls of D1 and R2 that each part may make: the platform allows 1,000 per invocation. */
const MAX_CALLS = 300;

/** Erasures cleared in one run; searched for together; found together after a restore. */
const CLEAR_GROUP = 50;
const SEARCH_GROUP = 20;
const FIND_GROUP = 10_000;

/** Addresses hashed in one step, and its calls when it finds one. */
const FIND_STEP = 2_000;
const FIND_CALLS = 2;

/** Pages of the ledger compared in one run. */
const LEDGER_PAGES = 20;

/** Whether there is time left for a step that makes so many calls of D1 and R2. */
export type GoOn = (calls: number) => boolean;

/** The time and the calls of one part. */
function budget(app: App): { readonly goOn: GoOn; readonly spent: () => boolean } {
  const started = app.now();
  let calls = 0;
  const spent = () => calls > MAX_CALLS || app.now() - started >= RUN_MS;
  return {
    goOn(more) {
      calls += more;
      return !spent();
    },
    spent,
  };
}

/**
 * Works on all erasures that are not done, for some seconds, and wakes itself when there is more to do now.
 * Throws the first failure when all had their turn.
 */
export async function workOnErasures(app: App): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      app.log("error", "erase_failed", { reason: reasonOf(error) });
      failures.push(error);
    }
  };

  // What happened is counted before what tells of it goes.
  await attempt(countStats(app).then(() => undefined));
  const parts = { find: budget(app), clear: budget(app), search: budget(app) };
  const lost = together(await openErasures(app.db, "finding", FIND_GROUP));
  if (lost.length > 0) await attempt(find(app, lost, parts.find.goOn));
  for (const erasure of await openErasures(app.db, "clearing", CLEAR_GROUP)) {
    await attempt(clear(app, erasure, parts.clear.goOn));
  }
  const settled = together(await settledErasures(app.db, app.now(), SEARCH_GROUP));
  if (settled.length > 0) await attempt(search(app, settled, parts.search.goOn));
  if (failures.length > 0) throw failures[0];
  if (Object.values(parts).some(({ spent }) => spent())) await app.wake.background("erasures");
}

/** Those that came as far as the first. */
function together(erasures: readonly Erasure[]): readonly Erasure[] {
  return erasures.filter(({ place }) => place === erasures[0]?.place);
}

/** Looks for the addresses of hashes among all that the database holds. */
async function find(app: App, erasures: readonly Erasure[], goOn: GoOn): Promise<void> {
  const key = app.config.encryptionKey;
  const hashOf = await erasureHasher(key);
  const missing = new Map(erasures.map((erasure) => [erasure.hash, erasure]));
  let after = await openPlace(app, erasures);
  while (goOn(FIND_CALLS)) {
    const addresses = await nextAddresses(app.db, after, FIND_STEP);
    const hashes = await Promise.all(addresses.map(hashOf));
    for (const [n, address] of addresses.entries()) {
      const erasure = missing.get(hashes[n] ?? "");
      if (!erasure) continue;
      missing.delete(erasure.hash);
      const sealed = await seal(key, erasurePurpose(erasure.hash), address);
      await moveErasures(app.db, [erasure], { state: "clearing", place: "", sealed });
    }
    const last = addresses.at(-1);
    if (last === undefined || addresses.length < FIND_STEP) {
      // The restored database holds nothing of them.
      const finishedAt = app.now();
      await moveErasures(app.db, [...missing.values()], { state: "done", place: "", finishedAt });
      return;
    }
    after = last;
  }
  await savePlace(app, [...missing.values()], after);
}

/** Begins the erasures that the ledger in R2 knows and the database has forgotten; answers how many. */
export async function compareLedger(app: App): Promise<number> {
  let after = (await findWalk(app.db, "ledger"))?.after ?? WALK_START;
  let forgotten = 0;
  for (let page = 0; page < LEDGER_PAGES; page++) {
    const { entries, next } = await listLedger(app.blobs, after);
    if (entries.length > 0) forgotten += await rememberErasures(app.db, entries);
    if (next === null) {
      if (after !== WALK_START) await forgetWalk(app.db, "ledger");
      return forgotten;
    }
    after = next;
  }
  await saveWalk(app.db, { name: "ledger", after, startedAt: app.now() });
  return forgotten;
}

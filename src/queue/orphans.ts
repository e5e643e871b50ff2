// Collects contents in R2 that no message owns: their accept died, or never heard whether its commit
// happened. Only after 24 h, when no accept can still be under way.
import type { App } from "../app.ts";
import { uuidv7Bound } from "../lib/id.ts";
import { knownContentKeys } from "../store/message.ts";

const HOUR = 60 * 60 * 1000;

/** Younger contents are left alone. */
const ORPHAN_AGE_MS = 24 * HOUR;

/** Each run looks at the contents of so long; runs are an hour apart, so one may be missed. */
const WINDOW_MS = 2 * HOUR;

/** R2's limit for one list and one delete. */
const PAGE = 1_000;

/** A list is one paid operation: a run stops here and leaves the rest to the next. */
const MAX_PAGES = 50;

const PREFIX = "content/";

/** Deletes the orphans among the contents that became 24 h old in the last two hours; answers how many. */
export async function collectOrphans(app: App): Promise<number> {
  const newest = app.now() - ORPHAN_AGE_MS;
  const end = PREFIX + uuidv7Bound(newest);
  let startAfter = PREFIX + uuidv7Bound(newest - WINDOW_MS);
  let deleted = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { objects } = await app.blobs.list({ prefix: PREFIX, startAfter, limit: PAGE });
    const old = objects
      .filter(({ key }) => key < end)
      .map(({ key }) => ({ key, messageId: key.split("/")[1] ?? "" }));
    const known = await knownContentKeys(app.db, old);
    const orphans = old.map(({ key }) => key).filter((key) => !known.has(key));
    if (orphans.length > 0) await app.blobs.delete(orphans);
    deleted += orphans.length;
    const last = old.at(-1)?.key;
    if (last === undefined || old.length < PAGE) break;
    startAfter = last;
  }
  return deleted;
}

// The files of exports in R2, all under `exports/<export id>/`: removing those that nobody may fetch any
// more. Every step may be repeated, and what one run leaves the next one finds.
import { EXPORT_LIFE_MS } from "../model/export.ts";
import { twice } from "./db.ts";
import { dropLeftover, failExports, leftoverExports, ownersOfFiles } from "./export.ts";

const PREFIX = "exports/";

/** R2's limit for one list and one delete. */
const PAGE = 1_000;

/** A list is one paid operation: a run stops here and leaves the rest to the next. */
const MAX_PAGES = 50;

/** A new key for an object of this export. */
export function exportKey(exportId: string, unique: string): string {
  return `${PREFIX}${exportId}/${unique}`;
}

/** Where the files are. */
export type Storage = { readonly db: D1Database; readonly blobs: R2Bucket };

/** Removes the files of exports that were cancelled, failed or expired, and the rows of the first and last. */
export async function removeLeftovers({ db, blobs }: Storage, now: number): Promise<number> {
  const leftovers = await leftoverExports(db, now);
  for (const { id, upload } of leftovers) {
    if (upload) await abortUpload(blobs, upload);
    await removeFiles({ db, blobs }, exportKey(id, ""), "all");
    await twice(() => dropLeftover(db, id, now));
  }
  return leftovers.length;
}

/**
 * Fails every export that is being made or can be fetched, with `reason` as its error, and removes their
 * files: afterwards no export holds anything. Throws when D1 or R2 does not answer: what was failed is
 * removed by the next sweep then, and the call can be repeated. Answers how many exports it failed.
 */
export async function discardExports(
  { db, blobs }: Storage,
  { now, reason }: { readonly now: number; readonly reason: string },
): Promise<number> {
  const failure = { error: reason, now, expiresAt: now + EXPORT_LIFE_MS };
  const failed = await failExports(db, failure);
  await removeLeftovers({ db, blobs }, now);
  await removeOrphans({ db, blobs });
  return failed;
}

/** Removes objects that no living export holds: what a maker left that died, or that lost its lease. */
export async function removeOrphans(storage: Storage): Promise<number> {
  return removeFiles(storage, PREFIX, "orphans");
}

/** Removes what a finished export does not need any more, or all of one that is gone. */
export async function removeOrphansOf(storage: Storage, exportId: string): Promise<number> {
  return removeFiles(storage, exportKey(exportId, ""), "orphans");
}

async function removeFiles(
  { db, blobs }: Storage,
  prefix: string,
  which: "all" | "orphans",
): Promise<number> {
  let removed = 0;
  let startAfter = "";
  for (let page = 0; page < MAX_PAGES; page++) {
    const place = startAfter === "" ? {} : { startAfter };
    const { objects } = await blobs.list({ prefix, limit: PAGE, ...place });
    const keys = objects.map(({ key }) => key);
    const doomed = which === "all" ? keys : await orphansAmong(db, keys);
    if (doomed.length > 0) await blobs.delete(doomed);
    removed += doomed.length;
    const last = keys.at(-1);
    if (last === undefined || keys.length < PAGE) break;
    startAfter = last;
  }
  return removed;
}

async function orphansAmong(db: D1Database, keys: readonly string[]): Promise<string[]> {
  const idOf = (key: string) => key.split("/")[1] ?? "";
  const owners = await ownersOfFiles(db, [...new Set(keys.map(idOf))]);
  return keys.filter((key) => {
    const owned = owners.get(idOf(key));
    return owned === undefined || (owned !== null && owned !== key);
  });
}

/** Ends a multipart upload and drops its parts; one that is over already is what we want. */
export async function abortUpload(
  blobs: R2Bucket,
  upload: { readonly key: string; readonly id: string },
): Promise<void> {
  try {
    await blobs.resumeMultipartUpload(upload.key, upload.id).abort();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** R2's code of an upload that does not exist (any more). */
function isGone(error: unknown): boolean {
  return error instanceof Error && error.message.includes("(10024)");
}

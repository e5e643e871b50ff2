// The files of imports in R2, under `imports/<import id>/`: stored in pieces as they come, read from a place
// on, and removed when nobody needs them any more.
import { partBuffer } from "../lib/part.ts";
import { ok, type Result } from "../lib/result.ts";
import { twice } from "./db.ts";
import type { Storage } from "./export-file.ts";
import { dropLeftImport, failImports, leftoverImports, ownersOfImports } from "./import.ts";

const PREFIX = "imports/";

/** R2's limit for one list and one delete. */
const PAGE = 1_000;

/** An object without an import is still being uploaded, unless it is older than any upload lasts. */
const UPLOAD_MS = 60 * 60 * 1000;

/** A new key for the file of an import. */
export function importKey(importId: string, unique: string): string {
  return `${PREFIX}${importId}/${unique}`;
}

/**
 * Stores pieces as one object; answers its bytes. The first problem among the pieces, or whatever breaks,
 * leaves no object.
 */
export async function storePieces<E>(
  blobs: R2Bucket,
  key: string,
  pieces: AsyncIterable<Result<Uint8Array, E>>,
): Promise<Result<number, E>> {
  const buffer = partBuffer();
  const parts: R2UploadedPart[] = [];
  const uploads: R2MultipartUpload[] = [];
  let bytes = 0;

  async function storePart(): Promise<void> {
    const upload = uploads[0] ?? (await blobs.createMultipartUpload(key));
    if (uploads.length === 0) uploads.push(upload);
    parts.push(await upload.uploadPart(parts.length + 1, buffer.bytes()));
  }

  async function drop(): Promise<void> {
    await uploads[0]?.abort();
  }

  try {
    for await (const piece of pieces) {
      if (!piece.ok) {
        await drop();
        return piece;
      }
      bytes += piece.value.length;
      if (!buffer.add(piece.value)) continue;
      await storePart();
      buffer.next();
    }
    const begun = uploads[0];
    if (!begun) await blobs.put(key, buffer.bytes());
    else {
      if (buffer.bytes().length > 0) await storePart();
      await begun.complete(parts);
    }
    return ok(bytes);
  } catch (error) {
    // What R2 forgets by itself after seven days, if it does not answer now either.
    await drop().catch(() => undefined);
    throw error;
  }
}

/** The bytes of a file from `offset` on; null when the file is gone. */
export async function readFrom(
  blobs: R2Bucket,
  key: string,
  offset: number,
): Promise<ReadableStream<Uint8Array> | null> {
  // An empty object has no range.
  const object = await blobs.get(key, offset === 0 ? {} : { range: { offset } });
  return object?.body ?? null;
}

/** Removes the files of imports that are over, and the rows of those that nobody may look at any more. */
export async function removeLeftImports({ db, blobs }: Storage, now: number): Promise<number> {
  const leftovers = await leftoverImports(db, now);
  for (const { id, objectKey } of leftovers) {
    if (objectKey !== null) await blobs.delete(objectKey);
    await twice(() => dropLeftImport(db, id, now));
  }
  return leftovers.length;
}

/** Removes files that no import owns: an upload that was not kept. */
export async function removeImportOrphans({ db, blobs }: Storage, now: number): Promise<number> {
  const { objects } = await blobs.list({ prefix: PREFIX, limit: PAGE });
  const old = objects.filter(({ uploaded }) => uploaded.getTime() < now - UPLOAD_MS);
  const idOf = (key: string) => key.split("/")[1] ?? "";
  const owners = await ownersOfImports(db, [...new Set(old.map(({ key }) => idOf(key)))]);
  const doomed = old.map(({ key }) => key).filter((key) => owners.get(idOf(key)) !== key);
  if (doomed.length > 0) await blobs.delete(doomed);
  return doomed.length;
}

/**
 * Ends every import that still has something to read, with `reason` as its error, and removes the files:
 * afterwards nobody stands in one. Answers how many it ended.
 */
export async function discardImports(
  { db, blobs }: Storage,
  { now, reason }: { readonly now: number; readonly reason: string },
): Promise<number> {
  const failed = await failImports(db, { error: reason, now });
  await removeLeftImports({ db, blobs }, now);
  return failed;
}

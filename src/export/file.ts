// The file of an export on its way into R2: parts of a multipart upload, and the rest that fills none yet
// in an object of its own. What is kept in D1 after each step is all that another run needs to go on.
import type { App } from "../app.ts";
import { barrier } from "../lib/barrier.ts";
import { TABLE_TYPES } from "../lib/table.ts";
import { EXPORT_LIFE_MS } from "../model/export.ts";
import { twice } from "../store/db.ts";
import { exportKey, removeOrphansOf } from "../store/export-file.ts";
import { finishExport, keepReached, keepUpload, type LeasedExport } from "../store/export-lease.ts";
import { PART_BYTES, type PartBuffer, partBuffer } from "../lib/part.ts";

/** A file has at most 20 GB: its row must stay far below 2 MB with the ETag of every part. */
export const MAX_PARTS = 4_000;

/** Where the maker stands: where the next record is, and how many are in the bytes that were added. */
export type Stand = { readonly cursor: string | null; readonly rows: number };

/**
 * What a step came to. `lost`: somebody else has the lease, or the export was cancelled: stop. `too_long`:
 * the file would be longer than it may be.
 */
export type Step = "on" | "lost" | "too_long";

/** A file that is being written. */
export type ExportFile = {
  readonly app: App;
  readonly one: LeasedExport;
  readonly buffer: PartBuffer;
  /** Of the parts that are kept. */
  readonly etags: string[];
  upload: R2MultipartUpload | null;
  restKey: string | null;
  /** All was read: there is nothing to add any more. */
  closing: boolean;
};

/** Opens the file where the last run left it. */
export async function openFile(app: App, one: LeasedExport): Promise<ExportFile> {
  const { objectKey, uploadId, restKey } = one;
  const buffer = partBuffer();
  if (restKey !== null) buffer.load(await readRest(app, restKey));
  const upload =
    objectKey !== null && uploadId !== null
      ? app.blobs.resumeMultipartUpload(objectKey, uploadId)
      : null;
  const closing = one.state === "closing";
  return { app, one, buffer, etags: [...one.parts], upload, restKey, closing };
}

/** Adds the text of the records up to `stand`; a part that is full is uploaded and kept. */
export async function addText(file: ExportFile, text: string, stand: Stand): Promise<Step> {
  return file.buffer.add(text) ? uploadPart(file, stand) : "on";
}

/** Keeps everything and gives the lease back: another run goes on. */
export async function pauseFile(file: ExportFile, stand: Stand): Promise<Step> {
  return keep(file, { rest: file.buffer.bytes(), stand, etag: null, givenBackAt: file.app.now() });
}

/** Adds the last text and finishes. */
export async function closeFile(file: ExportFile, text: string, rows: number): Promise<Step> {
  const full = file.buffer.add(text);
  file.closing = full;
  const step = full ? await uploadPart(file, { cursor: null, rows }) : "on";
  return step === "on" ? finishFile(file, rows) : step;
}

/** Finishes a file to which nothing is added any more. */
export async function finishFile(file: ExportFile, rows: number): Promise<Step> {
  if (!file.upload) return putWhole(file, rows);
  const known = file.closing;
  file.closing = true;
  const stand = { cursor: null, rows };
  const left = file.buffer.bytes().length > 0;
  const nothing = { rest: new Uint8Array(), stand, etag: null, givenBackAt: null };
  const step = left ? await uploadPart(file, stand) : known ? "on" : await keep(file, nothing);
  return step === "on" ? completeUpload(file, file.upload, rows) : step;
}

async function uploadPart(file: ExportFile, stand: Stand): Promise<Step> {
  const { app, buffer, etags } = file;
  if (etags.length === MAX_PARTS) return "too_long";
  const upload = file.upload ?? (await beginUpload(file));
  if (!upload) return lost(file);
  const { etag } = await upload.uploadPart(etags.length + 1, buffer.bytes());
  await barrier(app.config.faultPlan, "X1");
  const step = await keep(file, { rest: buffer.over(), stand, etag, givenBackAt: null });
  if (step === "on") buffer.next();
  return step;
}

/** Begins an upload that is known before it holds anything: no part is left that nobody can find. */
async function beginUpload(file: ExportFile): Promise<R2MultipartUpload | null> {
  const { app, one } = file;
  const name = exportKey(one.id, app.newId());
  const begun = await app.blobs.createMultipartUpload(name, metadataOf(one));
  const { key, uploadId: id } = begun;
  if (await twice(() => keepUpload(app.db, one, { key, id }))) {
    file.upload = begun;
    return begun;
  }
  await begun.abort();
  return null;
}

/** What is kept at once. */
type Kept = {
  /** The bytes that belong to no part yet. */
  readonly rest: Uint8Array;
  readonly stand: Stand;
  /** Of the part that was just uploaded. */
  readonly etag: string | null;
  readonly givenBackAt: number | null;
};

/** Puts the rest where another run finds it, keeps the stand, then drops the rest of before. */
async function keep(file: ExportFile, { rest, stand, etag, givenBackAt }: Kept): Promise<Step> {
  const { app, one, buffer, etags } = file;
  const restKey = rest.length === 0 ? null : exportKey(one.id, app.newId());
  if (restKey !== null) await app.blobs.put(restKey, rest);
  await barrier(app.config.faultPlan, "X2");
  const reached = {
    ...stand,
    bytes: etags.length * PART_BYTES + buffer.bytes().length + buffer.over().length,
    part: etag === null ? null : { index: etags.length, etag },
    restKey,
    state: file.closing ? ("closing" as const) : ("running" as const),
    givenBackAt,
  };
  if (!(await twice(() => keepReached(app.db, one, reached)))) return lost(file);
  if (etag !== null) etags.push(etag);
  if (file.restKey !== null) await app.blobs.delete(file.restKey);
  file.restKey = restKey;
  return "on";
}

/** The whole file as one object, when it never filled a part. */
async function putWhole(file: ExportFile, rows: number): Promise<Step> {
  const { app, one, buffer } = file;
  const name = exportKey(one.id, app.newId());
  const { key, size } = await app.blobs.put(name, buffer.bytes(), metadataOf(one));
  return finished(file, { key, size, rows });
}

async function completeUpload(
  file: ExportFile,
  upload: R2MultipartUpload,
  rows: number,
): Promise<Step> {
  const { app, etags } = file;
  await barrier(app.config.faultPlan, "X3");
  const parts = etags.map((etag, index) => ({ partNumber: index + 1, etag }));
  const { key, size } = await upload.complete(parts).catch(async (error: unknown) => {
    // An earlier run may have completed it and died before it could say so.
    const there = await app.blobs.head(upload.key);
    if (!there) throw error;
    return there;
  });
  return finished(file, { key, size, rows });
}

async function finished(
  file: ExportFile,
  { key, size, rows }: { readonly key: string; readonly size: number; readonly rows: number },
): Promise<Step> {
  const { app, one } = file;
  await barrier(app.config.faultPlan, "X4");
  const now = app.now();
  const done = { key, rows, bytes: size, now, expiresAt: now + EXPORT_LIFE_MS };
  if (!(await twice(() => finishExport(app.db, one, done)))) return lost(file);
  await removeOrphansOf(app, one.id);
  app.log("info", "export_done", { export: one.id, kind: one.kind, rows, bytes: size });
  return "on";
}

/** Leaves what a living export may name; what was put for one that is gone goes too. */
async function lost({ app, one }: ExportFile): Promise<Step> {
  await removeOrphansOf(app, one.id);
  return "lost";
}

function metadataOf({ format }: LeasedExport) {
  return { httpMetadata: { contentType: TABLE_TYPES[format] } };
}

async function readRest(app: App, key: string): Promise<Uint8Array> {
  const object = await app.blobs.get(key);
  if (!object) throw new Error("the rest of an export is not where it was put");
  return new Uint8Array(await object.arrayBuffer());
}

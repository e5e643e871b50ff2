// Reading a content from where it is kept: of its message alone, or of a batch.
import { reasonOf } from "../lib/log.ts";
import type { Content } from "../model/message.ts";
import { MAX_ITEMS } from "../model/message-item.ts";
import { type StoredContent, unpackInline, unpackObject } from "./content.ts";
import { indexBytes, pieceAt, unpackInlineItems } from "./content-items.ts";

/** What reading a content came to. */
export type ReadContent =
  | { readonly kind: "content"; readonly content: Content }
  /** It is not kept any more. */
  | { readonly kind: "gone" }
  /** R2 did not answer; it may, later. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Objects of batches that were read whole, by key, for who reads one item after the other. */
export type Objects = Map<string, Promise<Uint8Array | null>>;

/**
 * Reads a content from where it is kept. Throws when what is kept cannot be understood. Of a batch in R2 it
 * reads the piece; with `objects` all of one that is small enough to be read whole, once.
 */
export async function readContent(
  blobs: R2Bucket,
  stored: StoredContent,
  objects?: Objects,
): Promise<ReadContent> {
  switch (stored.kind) {
    case "inline": {
      const { head, parts, piece = null } = stored;
      if (piece === null) return kept(unpackInline(head, parts));
      return kept(unpackInlineItems(head, parts)[piece]);
    }
    case "blob": {
      const read = await answered(objectOf(blobs, stored, objects));
      if (!read.ok) return { kind: "unreadable", reason: read.reason };
      return kept(read.bytes && unpackObject(read.bytes));
    }
    case "gone":
      return { kind: "gone" };
  }
}

function kept(content: Content | null | undefined): ReadContent {
  return content ? { kind: "content", content } : { kind: "gone" };
}

/** What R2 itself throws becomes a value here. */
async function answered(
  reading: Promise<Uint8Array | null>,
): Promise<{ ok: true; bytes: Uint8Array | null } | { ok: false; reason: string }> {
  try {
    return { ok: true, bytes: await reading };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** The bytes of a content's object, or of its piece of a batch's; null when it is gone. */
async function objectOf(
  blobs: R2Bucket,
  { key, piece = null, whole = false }: Extract<StoredContent, { kind: "blob" }>,
  objects: Objects | undefined,
): Promise<Uint8Array | null> {
  if (piece === null) return bytesOf(await blobs.get(key));
  if (!objects || !whole) return pieceOf(blobs, key, piece);
  const reading = objects.get(key) ?? blobs.get(key).then(bytesOf);
  objects.set(key, reading);
  // A failure of storage is this read's, not that of every item.
  const object = await reading.catch((error: unknown) => {
    objects.delete(key);
    throw error;
  });
  const place = object && pieceAt(object, piece);
  return place && object.subarray(place.offset, place.offset + place.length);
}

/** One piece: its place in the index, then itself. */
async function pieceOf(blobs: R2Bucket, key: string, piece: number): Promise<Uint8Array | null> {
  const range = { offset: 0, length: indexBytes(MAX_ITEMS) };
  const start = await bytesOf(await blobs.get(key, { range }));
  const place = start && pieceAt(start, piece);
  return place && bytesOf(await blobs.get(key, { range: place }));
}

async function bytesOf(object: R2ObjectBody | null): Promise<Uint8Array | null> {
  return object && new Uint8Array(await object.arrayBuffer());
}

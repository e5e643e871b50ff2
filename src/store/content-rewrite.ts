// Contents that are changed where they are, when an address is erased; and their heads alone.
import type { Content, Variables } from "../model/message.ts";
import { MAX_ITEMS } from "../model/message-item.ts";
import {
  chunksOf,
  type Head,
  inlineParts,
  LENGTH_BYTES,
  packContent,
  putChunks,
  type StoredContent,
  unpackInline,
  unpackObject,
} from "./content.ts";
import {
  indexBytes,
  inlineItems,
  isBatch,
  itemChunks,
  packItems,
  pieceAt,
  unpackInlineItems,
  unpackItems,
} from "./content-items.ts";
import { stored } from "./db.ts";

/**
 * Answers what it was given when there is nothing to do, and null when nothing may be left; that only of a
 * piece of a batch, whose number it is told.
 */
export type Change = (content: Content, piece: number | null) => Content | null;

/** Times that a content is read again because somebody else changed it meanwhile. */
const MAX_REWRITES = 3;

/**
 * Changes a content in R2: who reads it meanwhile sees the one or the other, whole. A content that is gone
 * stays gone. Safe to repeat.
 */
export async function rewriteObject(blobs: R2Bucket, key: string, change: Change): Promise<void> {
  for (let attempt = 1; attempt <= MAX_REWRITES; attempt++) {
    const object = await blobs.get(key);
    if (!object) return;
    const chunks = changedChunks(new Uint8Array(await object.arrayBuffer()), change);
    if (chunks === null) return;
    if (await putChunks(blobs, key, chunks, { onlyIf: { etagMatches: object.etag } })) return;
  }
  throw new Error("a content keeps changing");
}

/** What an object is written of after a change; null when it changed nothing. */
function changedChunks(bytes: Uint8Array, change: Change): readonly Uint8Array[] | null {
  if (isBatch(bytes)) {
    const changed = changedItems(unpackItems(bytes), change);
    return changed && itemChunks(packItems(changed));
  }
  const changed = changedContent(unpackObject(bytes), change);
  return changed && chunksOf(packContent(changed));
}

/** The columns of an inline content after a change; null when it changed nothing. */
export function rewrittenInline(
  { head, parts }: { readonly head: string; readonly parts: string | null },
  change: Change,
): { readonly head: string; readonly parts: string | null } | null {
  if (isBatch(head)) {
    const changed = changedItems(unpackInlineItems(head, parts), change);
    return changed && inlineItems(packItems(changed));
  }
  const changed = changedContent(unpackInline(head, parts), change);
  if (changed === null) return null;
  const packed = packContent(changed);
  return { head: packed.head, parts: inlineParts(packed) };
}

/** A content after a change; null when it changed nothing. */
function changedContent(content: Content, change: Change): Content | null {
  const changed = change(content, null);
  if (changed === null) throw new Error("only pieces of a batch are taken out");
  return changed === content ? null : changed;
}

/** The contents of a batch after a change; null when it changed nothing. */
function changedItems(
  contents: readonly (Content | null)[],
  change: Change,
): readonly (Content | null)[] | null {
  const changed = contents.map((content, piece) => content && change(content, piece));
  return changed.some((content, n) => content !== contents[n]) ? changed : null;
}

/** Every recipient's variables, read without the rest of the content; null when it is not kept any more. */
export async function readVariables(
  blobs: R2Bucket,
  content: StoredContent,
): Promise<{ readonly variables: readonly Variables[] | null } | null> {
  switch (content.kind) {
    case "inline":
      return variablesIn(inlineHead(content));
    case "blob":
      return variablesIn(await readHead(blobs, content.key, content.piece ?? null));
    case "gone":
      return null;
  }
}

function inlineHead({
  head,
  piece = null,
}: Extract<StoredContent, { kind: "inline" }>): Head | null {
  return piece === null
    ? stored<Head>(head)
    : (stored<readonly (Head | null)[]>(head)[piece] ?? null);
}

/** The head of a content in R2, without what follows it. */
async function readHead(blobs: R2Bucket, key: string, piece: number | null): Promise<Head | null> {
  const offset = piece === null ? 0 : await offsetOf(blobs, key, piece);
  if (offset === null) return null;
  const start = await blobs.get(key, { range: { offset, length: LENGTH_BYTES } });
  if (!start) return null;
  const length = new DataView(await start.arrayBuffer()).getUint32(0);
  const head = await blobs.get(key, { range: { offset: offset + LENGTH_BYTES, length } });
  return head === null ? null : stored<Head>(await head.text());
}

/** Where the piece of a batch begins; null when it is gone. */
async function offsetOf(blobs: R2Bucket, key: string, piece: number): Promise<number | null> {
  const index = await blobs.get(key, { range: { offset: 0, length: indexBytes(MAX_ITEMS) } });
  const place = index && pieceAt(new Uint8Array(await index.arrayBuffer()), piece);
  return place?.offset ?? null;
}

function variablesIn(head: Head | null) {
  return head && { variables: "raw" in head ? null : head.variables };
}

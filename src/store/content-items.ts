// The contents of a batch, kept together as one: inline the heads as a JSON array and the bytes of all, in R2
// one object with an index and a piece for each item, which is what an object of its own would be. A piece
// that an erasure took is null in the array, and empty in the object.
import { concat, toBase64 } from "../lib/bytes.ts";
import type { Content } from "../model/message.ts";
import {
  chunksOf,
  contentFrom,
  type Head,
  MAX_INLINE_BYTES,
  packContent,
  type PackedContent,
  partBytes,
  unpackObject,
} from "./content.ts";
import { stored } from "./db.ts";

/** What an object with an index begins with; no head is so long. */
const MARK = 0xffffffff;
const WORD = 4;

/** The contents of a batch, ready to be stored. */
export type PackedItems = {
  readonly pieces: readonly (PackedContent | null)[];
  /** Bytes of all. */
  readonly size: number;
  readonly inline: boolean;
};

/** Packs the contents of a batch; null stands for what is not kept any more. */
export function packItems(contents: readonly (Content | null)[]): PackedItems {
  return itemsOf(contents.map((content) => content && packContent(content)));
}

/** Contents that were packed one by one. */
export function itemsOf(pieces: readonly (PackedContent | null)[]): PackedItems {
  const size = pieces.reduce((sum, piece) => sum + (piece?.size ?? 0), 0);
  return { pieces, size, inline: size <= MAX_INLINE_BYTES };
}

/** The columns of the contents of a batch that are kept inline. */
export function inlineItems({ pieces }: PackedItems): {
  readonly head: string;
  readonly parts: string | null;
} {
  const heads = pieces.map((piece) => piece?.head ?? "null");
  const parts = pieces.flatMap((piece) => piece?.parts ?? []);
  return {
    head: `[${heads.join(",")}]`,
    parts: parts.length === 0 ? null : toBase64(concat(parts)),
  };
}

/** What the R2 object of a batch is written of. */
export function itemChunks({ pieces }: PackedItems): readonly Uint8Array[] {
  const chunks = pieces.map((piece) => (piece ? chunksOf(piece) : []));
  const index = new DataView(new ArrayBuffer(indexBytes(pieces.length)));
  index.setUint32(0, MARK);
  index.setUint32(WORD, pieces.length);
  for (const [n, list] of chunks.entries()) {
    const length = list.reduce((sum, bytes) => sum + bytes.length, 0);
    index.setUint32((2 + n) * WORD, length);
  }
  return [new Uint8Array(index.buffer), ...chunks.flat()];
}

/** Bytes of the index of so many pieces. */
export function indexBytes(pieces: number): number {
  return (2 + pieces) * WORD;
}

/** Whether the columns or the bytes are those of a batch. */
export function isBatch(content: string | Uint8Array): boolean {
  if (typeof content === "string") return content.startsWith("[");
  return new DataView(content.buffer, content.byteOffset).getUint32(0) === MARK;
}

/** Where a piece stands in an object, by its first bytes; null when it has no such piece, or an empty one. */
export function pieceAt(
  start: Uint8Array,
  piece: number,
): { readonly offset: number; readonly length: number } | null {
  const index = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const count = index.getUint32(WORD);
  if (piece >= count) return null;
  let offset = indexBytes(count);
  for (let n = 0; n < piece; n++) offset += index.getUint32((2 + n) * WORD);
  const length = index.getUint32((2 + piece) * WORD);
  return length === 0 ? null : { offset, length };
}

/** All contents of an object. */
export function unpackItems(bytes: Uint8Array): readonly (Content | null)[] {
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(WORD);
  return Array.from({ length: count }, (_, n) => {
    const place = pieceAt(bytes, n);
    return place && unpackObject(bytes.subarray(place.offset, place.offset + place.length));
  });
}

/** All contents of the columns. */
export function unpackInlineItems(head: string, parts: string | null): readonly (Content | null)[] {
  const bytes = partBytes(parts);
  let offset = 0;
  return stored<readonly (Head | null)[]>(head).map((one) => {
    if (one === null) return null;
    const length = one.sizes.reduce((sum, size) => sum + size, 0);
    offset += length;
    return contentFrom(one, bytes.subarray(offset - length, offset));
  });
}

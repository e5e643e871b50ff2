// The content of a message: inline in D1 up to 32 KB, above that one R2 object. Both hold the same
// two things: a JSON head, and bytes one after the other: the attachments, or the header and the body of
// a message that came as MIME. Contents of a batch are kept together: content-items.ts.
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-gate.ts";
import { type ContentForm, contentForm } from "../model/content.ts";
import { type Content, isRaw, type MessageContent, type RawContent } from "../model/message.ts";
import { stored } from "./db.ts";

/** A row of D1 stays cheap to read up to here; larger content goes to R2. */
export const MAX_INLINE_BYTES = 32 * 1024;

/** Bytes of the length that an R2 object starts with. */
export const LENGTH_BYTES = 4;

/** The JSON of a content. */
export type Head = BuiltHead | RawHead;

type BuiltHead = Omit<MessageContent, "attachmentBytes" | "tracking"> & {
  readonly sizes: readonly number[];
  readonly tracking?: MessageContent["tracking"];
};

type RawHead = Omit<RawContent, "raw"> & {
  readonly raw: true;
  /** Of the header and of the body. */
  readonly sizes: readonly number[];
};

/**
 * Where a message's content is: read already, or an R2 object still to be fetched. `piece` says which of a
 * batch's contents it is; without it is the only one there.
 */
export type StoredContent =
  | {
      readonly kind: "inline";
      readonly head: string;
      readonly parts: string | null;
      readonly piece?: number | null;
    }
  | {
      readonly kind: "blob";
      readonly key: string;
      readonly piece?: number | null;
      /** The object is small enough to be read whole for one piece. */
      readonly whole?: boolean;
    }
  /** The retention of content has ended. */
  | { readonly kind: "gone" };

/** Decodes the content columns of a row joined by JOIN_CONTENT; `piece` and the size of all are of a batch. */
export function storedContent(row: {
  head: string | null;
  parts: string | null;
  content_key: string | null;
  piece?: number | null;
  row_size?: number;
}): StoredContent {
  const { head, parts, content_key: key, piece = null, row_size: size = 0 } = row;
  if (head !== null) return { kind: "inline", head, parts, piece };
  if (key !== null) return { kind: "blob", key, piece, whole: size <= LARGE_BYTES };
  return { kind: "gone" };
}

/** Content ready to be stored, and how many bytes it takes. */
export type PackedContent = {
  readonly head: string;
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly inline: boolean;
  readonly form: ContentForm;
};

/** Splits content into head and parts and says where it belongs. */
export function packContent(content: Content): PackedContent {
  const [head, parts] = isRaw(content) ? splitRaw(content) : splitBuilt(content);
  const text = JSON.stringify(head);
  const size = utf8(text).length + parts.reduce((sum, bytes) => sum + bytes.length, 0);
  return { head: text, parts, size, inline: size <= MAX_INLINE_BYTES, form: contentForm(content) };
}

function splitBuilt(content: MessageContent): readonly [Head, readonly Uint8Array[]] {
  const { attachmentBytes, ...rest } = content;
  return [{ ...rest, sizes: attachmentBytes.map((bytes) => bytes.length) }, attachmentBytes];
}

function splitRaw({ raw, ...rest }: RawContent): readonly [Head, readonly Uint8Array[]] {
  const parts = [raw.header, raw.body];
  return [{ ...rest, raw: true, sizes: parts.map((bytes) => bytes.length) }, parts];
}

/** The `parts` column of an inline content. */
export function inlineParts(packed: Pick<PackedContent, "parts">): string | null {
  return packed.parts.length === 0 ? null : toBase64(concat(packed.parts));
}

/** An inline content from its columns. */
export function unpackInline(head: string, parts: string | null): Content {
  return unpack(head, partBytes(parts));
}

/** The bytes of the `parts` column. */
export function partBytes(parts: string | null): Uint8Array {
  const bytes = parts === null ? new Uint8Array() : fromBase64(parts);
  if (!bytes) throw new Error("the parts of an inline content are not base64");
  return bytes;
}

/** Stores a large content under a key of its own: never a hash, so that no purge can hit another's. */
export async function putContent(blobs: R2Bucket, key: string, packed: PackedContent) {
  await putChunks(blobs, key, chunksOf(packed), {});
}

/** What an R2 object of a content is written of. */
export function chunksOf(packed: PackedContent): readonly Uint8Array[] {
  const head = utf8(packed.head);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, head.length);
  return [length, head, ...packed.parts];
}

/** A copy of so much is no burden for an isolate, however many are made at once. */
const MAX_COPIED_BYTES = 1_048_576;

/** Writes an object; false when the condition of the options does not hold. */
export async function putChunks(
  blobs: R2Bucket,
  key: string,
  chunks: readonly Uint8Array[],
  options: R2PutOptions,
): Promise<boolean> {
  const size = chunks.reduce((sum, bytes) => sum + bytes.length, 0);
  // Many small writes to a stream cost more than a copy of all.
  if (size <= MAX_COPIED_BYTES) return (await blobs.put(key, concat(chunks), options)) !== null;
  // A stream, because a second copy of 40 MB has no room in an isolate of 128.
  const stream = new FixedLengthStream(size);
  const writer = stream.writable.getWriter();
  const writing = writeAll(writer, chunks);
  // It fails when R2 does, which is told below.
  writing.catch(() => undefined);
  const stored: R2Object | null = await blobs.put(key, stream.readable, options);
  if (stored === null) void writer.abort().catch(() => undefined);
  else await writing;
  return stored !== null;
}

async function writeAll(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  chunks: readonly Uint8Array[],
): Promise<void> {
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/** A content from the bytes of its R2 object. */
export function unpackObject(bytes: Uint8Array): Content {
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + headLength;
  return unpack(fromUtf8(bytes.subarray(LENGTH_BYTES, end)), bytes.subarray(end));
}

function unpack(text: string, bytes: Uint8Array): Content {
  return contentFrom(stored<Head>(text), bytes);
}

/** The parts are views into the one buffer: nothing is copied. */
export function contentFrom(head: Head, bytes: Uint8Array): Content {
  let offset = 0;
  const parts = head.sizes.map((size) => {
    offset += size;
    return bytes.subarray(offset - size, offset);
  });
  const { sizes: _sizes, ...rest } = head;
  if ("raw" in rest) {
    const [header = new Uint8Array(), body = new Uint8Array()] = parts;
    return { ...rest, raw: { header, body } };
  }
  // Contents of before there was tracking say nothing of it.
  const tracking = rest.tracking ?? { opens: false, clicks: false };
  return { ...rest, tracking, attachmentBytes: parts };
}

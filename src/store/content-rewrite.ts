// Contents that are changed where they are, when an address is erased; and their heads alone.
import type { Content, Variables } from "../model/message.ts";
import {
  type Head,
  inlineParts,
  LENGTH_BYTES,
  packContent,
  replaceContent,
  type StoredContent,
  unpackInline,
  unpackObject,
} from "./content.ts";
import { stored } from "./db.ts";

/** Answers what it was given when there is nothing to do. */
export type Change = (content: Content) => Content;

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
    const content = unpackObject(await object.arrayBuffer());
    const changed = change(content);
    if (changed === content || (await replaceContent(blobs, object, packContent(changed)))) return;
  }
  throw new Error("a content keeps changing");
}

/** The columns of an inline content after a change; null when it changed nothing. */
export function rewrittenInline(
  row: { readonly head: string; readonly parts: string | null },
  change: Change,
): { readonly head: string; readonly parts: string | null } | null {
  const content = unpackInline(row.head, row.parts);
  const changed = change(content);
  if (changed === content) return null;
  const packed = packContent(changed);
  return { head: packed.head, parts: inlineParts(packed) };
}

/** Every recipient's variables, read without the rest of the content; null when it is not kept any more. */
export async function readVariables(
  blobs: R2Bucket,
  content: StoredContent,
): Promise<{ readonly variables: readonly Variables[] | null } | null> {
  switch (content.kind) {
    case "inline":
      return variablesIn(content.head);
    case "blob": {
      const head = await readHead(blobs, content.key);
      return head === null ? null : variablesIn(head);
    }
    case "gone":
      return null;
  }
}

async function readHead(blobs: R2Bucket, key: string): Promise<string | null> {
  const start = await blobs.get(key, { range: { offset: 0, length: LENGTH_BYTES } });
  if (!start) return null;
  const length = new DataView(await start.arrayBuffer()).getUint32(0);
  const head = await blobs.get(key, { range: { offset: LENGTH_BYTES, length } });
  return head === null ? null : head.text();
}

function variablesIn(text: string) {
  const head = stored<Head>(text);
  return { variables: "raw" in head ? null : head.variables };
}

// Foreign messages written down line by line.
import { utf8 } from "../../../src/lib/bytes.ts";
import type { RawMessage } from "../../../src/model/message.ts";

/** A message from its text. */
export function rawOf(text: string): RawMessage {
  const cut = text.indexOf("\r\n\r\n");
  return { header: utf8(text.slice(0, cut + 2)), body: utf8(text.slice(cut + 4)) };
}

/** A message from its lines. */
export const lines = (...all: readonly string[]) => rawOf(all.join("\r\n"));

/** A header that opens a multipart. */
export const MIXED = "Content-Type: multipart/mixed; boundary=b";

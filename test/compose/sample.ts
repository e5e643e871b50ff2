// A message for compose tests, and the ways to look at its bytes.
import PostalMime from "postal-mime";
import { expect } from "vitest";
import { compose } from "../../src/compose/compose.ts";
import { concat, fromUtf8 } from "../../src/lib/bytes.ts";
import type { MessageContent, Recipient } from "../../src/model/message.ts";

/** Identity and accept time of the message that tests compose. */
export const MESSAGE = {
  id: "01939d6e-0000-7000-8000-000000000000",
  createdAt: 1_738_908_434_000,
  mailClass: "transactional",
} as const;
/** Its recipient. */
export const TO: Recipient = { address: "recipient@example.com", name: "", role: "to" };

/** Content with some parts replaced. */
export function contentOf(parts: Partial<MessageContent>): MessageContent {
  return {
    from: { address: "sender@yourdomain.com", name: "sender name" },
    replyTo: [],
    subject: "Custom subject line",
    text: null,
    html: null,
    amp: null,
    headers: [],
    variables: null,
    attachments: [],
    attachmentBytes: [],
    tracking: { opens: false, clicks: false },
    ...parts,
  };
}

/** The composed bytes. */
export async function bytesOf(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  const composed = await compose(MESSAGE, recipients, contentOf(parts), position, null);
  const bytes = concat(composed.content);
  expect(bytes.length).toBe(composed.size);
  return bytes;
}

/** The composed bytes as text. */
export async function sourceOf(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  return fromUtf8(await bytesOf(parts, recipients, position));
}

/** What a reader makes of it. */
export async function read(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  return PostalMime.parse(await bytesOf(parts, recipients, position));
}

/** The content types of a source, in order of appearance. */
export function typesOf(source: string): readonly string[] {
  return Array.from(source.matchAll(/^Content-Type: ([a-z0-9/.-]+)/gm), (match) => match[1] ?? "");
}

/** The header fields of a source by lower-case name, unfolded. */
export function fieldsOf(source: string): readonly (readonly [string, string])[] {
  const block = source.slice(0, source.indexOf("\r\n\r\n")).replace(/\r\n(?=[ \t])/g, "");
  return block.split("\r\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
}

/** Fails unless the bytes are CRLF lines of at most 998 octets without NUL. */
export function assertWire(bytes: Uint8Array): void {
  let length = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte === 0x0a && bytes[index - 1] !== 0x0d) throw new Error(`bare LF at ${index}`);
    if (byte === 0x0d && bytes[index + 1] !== 0x0a) throw new Error(`bare CR at ${index}`);
    if (byte === 0) throw new Error(`NUL at ${index}`);
    length = byte === 0x0a ? 0 : length + 1;
    if (length > 999) throw new Error(`a line over 998 at ${index}`);
  }
  if (bytes.at(-1) !== 0x0a) throw new Error("does not end with a line end");
}

// What is left of a message's content when an address is erased. Pure.
import { concat, utf8 } from "../lib/bytes.ts";
import { sameBytes } from "../lib/digest.ts";
import { addressKey } from "./address.ts";
import type { Mentions } from "./mention.ts";
import { bytesWithout, mimeWithout } from "./mention-bytes.ts";
import {
  type Content,
  isRaw,
  type MessageContent,
  type RawContent,
  type RawMessage,
  type Variables,
} from "./message.ts";
import { splitHeader } from "./mime/fields.ts";
import type { UtmTags } from "./utm.ts";

function utmWithout(utm: UtmTags, position: number | null): UtmTags {
  return { ...utm, subscribers: utm.subscribers.map((own, n) => (n === position ? null : own)) };
}

/**
 * Content without the variables of the recipient at `position` (null: it was not sent to the address) and
 * without mentions of the address; the sender stays. The same object when nothing changes.
 */
export function contentWithout(
  content: Content,
  mentions: Mentions,
  position: number | null,
): Content {
  return isRaw(content) ? rawWithout(content, mentions) : builtWithout(content, mentions, position);
}

function builtWithout(
  content: MessageContent,
  mentions: Mentions,
  position: number | null,
): MessageContent {
  const { removedFrom } = mentions;
  const text = (value: string | null) => (value === null ? null : removedFrom(value));
  const bytes = content.attachmentBytes.map((one) => bytesWithout(one, mentions));
  const changed: MessageContent = {
    ...content,
    from: { ...content.from, name: removedFrom(content.from.name) },
    replyTo: content.replyTo
      .filter(({ address }) => addressKey(address) !== mentions.key)
      .map(({ address, name }) => ({ address, name: removedFrom(name) })),
    subject: removedFrom(content.subject),
    text: text(content.text),
    html: text(content.html),
    amp: text(content.amp),
    headers: content.headers.map(([name, value]) => [name, removedFrom(value)] as const),
    variables:
      content.variables?.map((own, n) => (n === position ? {} : variablesWithout(own, mentions))) ??
      null,
    attachments: content.attachments.map((one) => ({
      ...one,
      filename: nameWithout(one.filename, mentions),
    })),
    attachmentBytes: content.attachmentBytes.map((one, n) => bytes[n] ?? one),
    ...(content.utm ? { utm: utmWithout(content.utm, position) } : {}),
  };
  const same = bytes.every((one) => one === null) && headOf(content) === headOf(changed);
  return same ? content : changed;
}

/** A file's extension is no part of a domain. */
function nameWithout(filename: string, { removedFrom }: Mentions): string {
  const dot = filename.lastIndexOf(".");
  return dot < 0 ? filename : removedFrom(filename.slice(0, dot)) + filename.slice(dot);
}

function variablesWithout(variables: Variables, { removedFrom }: Mentions): Variables {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, removedFrom(value)]),
  );
}

function headOf(content: MessageContent): string {
  return JSON.stringify({ ...content, attachmentBytes: [] });
}

function rawWithout(content: RawContent, mentions: Mentions): RawContent {
  const { removedFrom } = mentions;
  const from = { ...content.from, name: removedFrom(content.from.name) };
  const subject = removedFrom(content.subject);
  const raw = mailWithout(content, mentions);
  const same = from.name === content.from.name && subject === content.subject;
  return same && raw === content.raw ? content : { ...content, from, subject, raw };
}

/** The mail without mentions, byte by byte; From stays where the address is the sender's own. */
function mailWithout({ from, raw }: RawContent, mentions: Mentions): RawMessage {
  const { header } = raw;
  const whole = concat([header, EMPTY_LINE, raw.body]);
  const changed = mimeWithout(whole, mentions);
  if (!changed) return raw;
  const split = splitHeader(header, 0, header.length);
  const own = split.ok && addressKey(from.address) === mentions.key ? split.value.fields : [];
  for (const { name, start, end } of own) {
    if (name === "from") changed.set(header.subarray(start, end), start);
  }
  if (own.length > 0 && sameBytes(changed, whole)) return raw;
  const body = changed.subarray(header.length + EMPTY_LINE.length);
  return { header: changed.subarray(0, header.length), body };
}

const EMPTY_LINE = utf8("\r\n");

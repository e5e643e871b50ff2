// What form the content of a message has, how large it is, and how large its parts may be.
import { type Content, isRaw, type MessageContent } from "./message.ts";
import { splitHeader, valueOf } from "./mime/fields.ts";

/** The forms that statistics of lists tell apart (contract 3.5). */
export type ContentForm = "text" | "html" | "multipart";

/** Whether a content is a text, HTML or several parts. */
export function contentForm(content: Content): ContentForm {
  if (!isRaw(content)) {
    if (content.html === null) return "text";
    return content.text === null ? "html" : "multipart";
  }
  const { header } = content.raw;
  const fields = splitHeader(header, 0, header.length);
  // Without a type it is a text (RFC 2045 §5.2).
  const type = (fields.ok && valueOf(fields.value, "content-type")) || "text/plain";
  if (/^text\/html\b/i.test(type)) return "html";
  return /^text\//i.test(type) ? "text" : "multipart";
}

/** The text and the HTML part, each, in UTF-8, after personalisation. Mail clients clip far earlier. */
export const MAX_TEXT_PART_BYTES = 5 * 1024 * 1024;

/** Bytes that the texts and attachments of a message take, in UTF-8 and before transfer encoding. */
export function contentSize(content: MessageContent): number {
  const texts = [content.subject, content.text, content.html, content.amp];
  const variables = (content.variables ?? []).flatMap((values) => Object.entries(values).flat());
  const headers = content.headers.flat();
  const names = [content.from, ...content.replyTo].flatMap(({ address, name }) => [address, name]);
  const characters = [...texts, ...variables, ...headers, ...names];
  const files = content.attachmentBytes.reduce((sum, bytes) => sum + bytes.length, 0);
  return characters.reduce((sum, text) => sum + utf8Length(text ?? ""), files);
}

const ENCODER = new TextEncoder();
/** UTF-16 units encoded at once to count their bytes: no second copy of a large text. */
const CHUNK = 16_384;
const SCRATCH = new Uint8Array(CHUNK * 3);

/** Bytes of a text in UTF-8; half a surrogate pair counts as U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = 0;
  let start = 0;
  while (start < text.length) {
    let end = start + CHUNK;
    if (isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    bytes += ENCODER.encodeInto(text.slice(start, end), SCRATCH).written;
    start = end;
  }
  return bytes;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

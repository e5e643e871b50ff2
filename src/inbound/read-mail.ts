// A mail that came in → its header, its text and the parts of a report. The only file that imports the
// MIME parser. What a stranger sends is cut before it is parsed: reports put what matters first.
import PostalMime, { type Email } from "postal-mime";
import { readUpTo } from "../lib/bounded-body.ts";
import { fromUtf8 } from "../lib/bytes.ts";
import { htmlToText } from "../lib/html-to-text.ts";
import { type Fields, fieldGroups } from "./fields.ts";

/** What of a mail is looked at. */
export type ReadMail = {
  readonly headers: Fields;
  /** Decoded. */
  readonly subject: string;
  /** Of the first text, at most 16,000 characters. */
  readonly text: string;
  /** Parts that are messages, or parts of them: statuses, feedback, returned mails and headers. */
  readonly parts: readonly Part[];
};

/** A part of a report. */
export type Part = {
  /** Such as `message/delivery-status`, lower case. */
  readonly type: string;
  /** At most 64 KB of it. */
  readonly text: string;
};

/**
 * Bytes read of a mail; the rest, of a returned mail mostly, stays where it is. Real reports have their
 * parts within some ten kilobytes.
 */
const MAX_READ_BYTES = 1024 * 1024;

/** The platform has the whole mail before it asks us. */
const READ_DEADLINE_MS = 30_000;

/** Every line costs the parser an object of its own, whatever its length. */
const MAX_LINES = 20_000;

/** Lines that may begin a part; the parser bounds the depth of parts, not their number. */
const MAX_BOUNDARIES = 200;

const LIMITS = { maxNestingDepth: 16, maxHeadersSize: 256 * 1024, maxRfc822NestingDepth: 0 };
const MAX_TEXT = 16_000;
const MAX_PART_BYTES = 64 * 1024;
/** A part of HTML is more mark-up than text. */
const MAX_HTML = 200_000;

/** Reads a mail; null when it cannot be understood. Throws when its stream breaks off, or does not come. */
export async function readMail(
  raw: ReadableStream<Uint8Array>,
  rawSize: number,
): Promise<ReadMail | null> {
  const read = await readUpTo(raw, MAX_READ_BYTES, AbortSignal.timeout(READ_DEADLINE_MS));
  const bytes = read.slice(0, MAX_READ_BYTES);
  if (bytes.length < Math.min(rawSize, MAX_READ_BYTES)) throw new Error("the mail broke off");
  try {
    return look(await PostalMime.parse(cut(bytes), LIMITS));
  } catch {
    // Nested deeper, or with a longer header, than any report.
    return null;
  }
}

const LF = 10;
const HYPHEN = 45;

/** The bytes up to the last line that may be looked at. */
function cut(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let lines = 0;
  let boundaries = 0;
  for (let start = 0; start < bytes.length;) {
    lines += 1;
    if (bytes[start] === HYPHEN && bytes[start + 1] === HYPHEN) boundaries += 1;
    if (lines > MAX_LINES || boundaries > MAX_BOUNDARIES) return bytes.slice(0, start);
    const end = bytes.indexOf(LF, start);
    start = end < 0 ? bytes.length : end + 1;
  }
  return bytes;
}

function look(mail: Email): ReadMail {
  const headers = new Map<string, string>();
  for (const { key, value } of mail.headers) if (!headers.has(key)) headers.set(key, value);
  const text = mail.text ?? htmlToText((mail.html ?? "").slice(0, MAX_HTML));
  return {
    headers,
    subject: mail.subject ?? "",
    text: text.slice(0, MAX_TEXT),
    parts: mail.attachments
      .filter(({ mimeType }) => /^message\/|^text\/rfc822/.test(mimeType))
      .map(({ mimeType, content }) => ({ type: mimeType, text: textOf(content) })),
  };
}

function textOf(content: ArrayBuffer | Uint8Array | string): string {
  if (typeof content === "string") return content.slice(0, MAX_PART_BYTES);
  const bytes = content instanceof Uint8Array ? content : new Uint8Array(content);
  return fromUtf8(bytes.subarray(0, MAX_PART_BYTES));
}

/** The header of a returned mail, which a report has as its last part; empty when there is none. */
export function returnedHeader({ parts }: ReadMail): Fields {
  const returned = parts.find(({ type }) => /rfc822|message\/global(?:-headers)?$/.test(type));
  return fieldGroups(returned?.text ?? "")[0] ?? new Map();
}

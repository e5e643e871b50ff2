// The header of a message or of one of its parts (RFC 5322 §2.2, RFC 2045 §3), cut into its fields. Says
// where each stands, so that one can be taken out without touching another byte. What a reader could
// take for the end of the header, or for another field, is refused.
import { fail, ok, type Result } from "../../lib/result.ts";
import { CR, LF, lineEnd, MAX_LINE_OCTETS } from "./lines.ts";

/** One field. Offsets are those of the bytes it was read from. */
export type Field = {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, without white space around it. Octets over 127 are read as UTF-8, else as Windows-1252. */
  readonly value: string;
  readonly start: number;
  /** After the CRLF that ends the field. */
  readonly end: number;
};

/** A header: its fields in order, and where the body begins. */
export type Header = { readonly fields: readonly Field[]; readonly bodyStart: number };

/** All fields of one header together; real mail has less than 20 KB. */
export const MAX_HEADER_BYTES = 256 * 1024;
/** Fields of one header; a long way through many relays leaves fewer than 100. */
export const MAX_FIELDS = 1_000;

/** ftext (RFC 5322 §3.6.8), and the white space before the colon that §4.5.8 allows. */
const NAME = /^([\x21-\x39\x3b-\x7e]{1,997})[ \t]*$/;

/**
 * Cuts the header that begins at `start`; CRLF lines are required. It ends at an empty line, or without
 * one at a line of which `isOver` says so. The error says what is wrong.
 */
export function splitHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  isOver: (line: number) => boolean = () => false,
): Result<Header, string> {
  const fields: Field[] = [];
  let at = start;
  while (at < end && !isEmptyLine(bytes, at)) {
    if (isOver(at)) return ok({ fields, bodyStart: at });
    const field = fieldAt(bytes, at, end);
    if (!field.ok) return field;
    fields.push(field.value);
    at = field.value.end;
    if (at - start > MAX_HEADER_BYTES) return fail(`has a header over ${MAX_HEADER_BYTES} bytes`);
    if (fields.length > MAX_FIELDS) return fail(`has over ${MAX_FIELDS} header fields`);
  }
  return ok({ fields, bodyStart: Math.min(end, at + 2) });
}

function isEmptyLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === CR && bytes[at + 1] === LF;
}

/** One field with its continuation lines. */
function fieldAt(bytes: Uint8Array, start: number, end: number): Result<Field, string> {
  let stop = start;
  do {
    const next = lineEnd(bytes, stop, end);
    if (next - stop > MAX_LINE_OCTETS) {
      return fail(`has a header line over ${MAX_LINE_OCTETS} octets (RFC 5322 §2.1.1)`);
    }
    stop = Math.min(end, next + 2);
    if (stop - start > MAX_HEADER_BYTES) return fail(`has a field over ${MAX_HEADER_BYTES} bytes`);
  } while (stop < end && isWhiteSpace(bytes[stop]));
  const text = headerText(bytes.subarray(start, stop));
  const colon = text.indexOf(":");
  const name = NAME.exec(text.slice(0, Math.max(colon, 0)))?.[1];
  if (name === undefined) return fail(`has a line in its header that is no field: ${shown(text)}`);
  const value = unfold(text.slice(colon + 1));
  return ok({ name: name.toLowerCase(), value, start, end: stop });
}

function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** Characters of a faulty line that an error shows. */
const SHOWN = 40;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN).trimEnd());
}

/** A fold is the white space that follows it (§2.2.3); a tab that begins a line stood for a space. */
function unfold(text: string): string {
  return text.replace(/\r\n[ \t]/g, " ").trim();
}

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ONE_BYTE = new TextDecoder("windows-1252");

function headerText(bytes: Uint8Array): string {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return ONE_BYTE.decode(bytes);
  }
}

/** The value of the one field of a name, or null when there is none. */
export function valueOf({ fields }: Pick<Header, "fields">, name: string): string | null {
  return fields.find((field) => field.name === name)?.value ?? null;
}

/** Fields that say what a part is (RFC 2045, RFC 2183). */
export const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
  "content-id",
]);

/** Fields that may stand once (RFC 5322 §3.6): readers differ about which of two counts. */
const SINGLE: ReadonlySet<string> = new Set([
  ...CONTENT_FIELDS,
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
  "mime-version",
]);

/** The name of a field that stands twice though it may not, or null. */
export function repeatedField(
  { fields }: Pick<Header, "fields">,
  single: ReadonlySet<string> = SINGLE,
): string | null {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name)) return name;
    if (single.has(name)) seen.add(name);
  }
  return null;
}

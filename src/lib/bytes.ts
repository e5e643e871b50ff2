// Bytes, hex and base64: small conversions that know nothing of mail.

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ENCODER.encode(text));
}

/** The text of UTF-8 bytes; malformed sequences become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** Lower-case hex of bytes. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Characters given to String.fromCharCode at once; more overflows the stack. */
const CHUNK = 32_768;

/** Standard base64 of bytes, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}

/** Base64 characters decoded at once; a multiple of four. */
const BASE64_CHUNK = 65_536;

/**
 * The bytes of strict base64 text (RFC 4648 §4, padding required, line breaks allowed), or null.
 * Works in pieces, so that a large text never exists twice.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, "") : text;
  if (compact.length % 4 !== 0) return null;
  const padding = compact.endsWith("==") ? 2 : compact.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((compact.length / 4) * 3 - padding);
  let offset = 0;
  for (let start = 0; start < compact.length; start += BASE64_CHUNK) {
    const piece = compact.slice(start, start + BASE64_CHUNK);
    const last = start + BASE64_CHUNK >= compact.length;
    if (!(last ? /^[A-Za-z0-9+/]*={0,2}$/ : /^[A-Za-z0-9+/]*$/).test(piece)) return null;
    const binary = atob(piece);
    for (let index = 0; index < binary.length; index++) {
      bytes[offset++] = binary.charCodeAt(index);
    }
  }
  return bytes;
}

/** Several byte arrays as one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** What takes the place of the bytes from `start` to `end`. */
export type Edit = {
  readonly start: number;
  readonly end: number;
  readonly chunks: readonly Uint8Array[];
};

/** The bytes with edits made, in order and without overlap; what stays is a view, not a copy. */
export function spliced(bytes: Uint8Array, edits: readonly Edit[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const edit of edits) {
    if (edit.start > at) chunks.push(bytes.subarray(at, edit.start));
    chunks.push(...edit.chunks);
    at = edit.end;
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at));
  return chunks;
}

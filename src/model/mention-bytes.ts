// Mentions of an address in bytes, of files and of MIME: they are overwritten in place, so that every other
// byte stays where it is, and what was an address still has the form of one. Pure.
import { fromBase64, toBase64, utf8 } from "../lib/bytes.ts";
import type { Mentions } from "./mention.ts";
import { decodeWords } from "./mime/encoded-word.ts";

/** Bytes without mentions in their usual spellings; null when there are none. */
export function bytesWithout(bytes: Uint8Array, { key }: Mentions): Uint8Array | null {
  const text = oneUnitEach(bytes);
  const found: Found[] = [];
  for (const sign of SIGNS) {
    const name = oneUnitEach(utf8(key.replace("@", sign)));
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
      const end = at + name.length;
      if (!isWordUnit(text.charAt(at - 1)) && !isWordUnit(text.charAt(end)))
        found.push({ at, end });
    }
  }
  return overwritten(bytes, text, found);
}

/** The `@` in texts, in links (RFC 3986 §2.1), and in quoted-printable (RFC 2045 §6.7). */
const SIGNS = ["@", "%40", "=40"];

/**
 * A message or its lines without mentions, also where quoted-printable, base64 or an encoded-word hides them; null when there
 * are none. What was sent to others is searched for the usual spellings only.
 */
export function mimeWithout(bytes: Uint8Array, mentions: Mentions): Uint8Array | null {
  const text = oneUnitEach(bytes);
  const quoted = mentions.reach === "sent" ? [...text.matchAll(quotedPattern(mentions.key))] : [];
  const found = quoted.map((match) => ({ at: match.index, end: match.index + match[0].length }));
  const plain = overwritten(bytes, text, found) ?? bytes;
  const usual = bytesWithout(plain, mentions) ?? plain;
  const decoded = withoutInWords(withoutInBase64(usual, mentions), mentions);
  return decoded === bytes ? null : decoded;
}

type Found = { readonly at: number; readonly end: number };

/** As many UTF-16 units as bytes, lower-cased; ASCII stays ASCII. */
function oneUnitEach(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes).toLowerCase();
}

function isWordUnit(unit: string): boolean {
  return /^[a-z0-9]$/.test(unit);
}

/** What is overwritten: letters, digits, octets of encodings; not what gives an address its form. */
// oxlint-disable-next-line no-control-regex -- everything beyond ASCII
const FILLED = /[%=][0-9a-f]{2}|[a-z0-9]|[^\x00-\x7f]/g;
const FILLER = 0x78; // x

function overwritten(
  bytes: Uint8Array,
  text: string,
  found: readonly Found[],
): Uint8Array<ArrayBuffer> | null {
  if (found.length === 0) return null;
  const changed = new Uint8Array(bytes);
  for (const { at, end } of found) {
    for (const { index, 0: filled } of text.slice(at, end).matchAll(FILLED)) {
      changed.fill(FILLER, at + index, at + index + filled.length);
    }
  }
  return changed;
}

/** The address in quoted-printable: any octet may be encoded, a soft line break may stand between any two. */
function quotedPattern(key: string): RegExp {
  const octets = Array.from(utf8(key), (octet) => {
    const plain = String.fromCharCode(octet).replace(/[^a-z0-9]/g, "\\$&");
    const hex = (code: number) => `=${code.toString(16).padStart(2, "0")}`;
    const upper = String.fromCharCode(octet).toUpperCase().charCodeAt(0);
    const forms = octet < 128 ? [plain, hex(octet), hex(upper)] : [hex(octet)];
    return `(?:${[...new Set(forms)].join("|")})`;
  });
  return new RegExp(`(?<![a-z0-9])${octets.join("(?:=\\r\\n)?")}(?![a-z0-9])`, "g");
}

/** Base64 (RFC 2045 §6.8) behind the header that announces it, up to what cannot be of it. */
const BASE64 = /^content-transfer-encoding:[ \t]*base64[^]*?\r\n\r\n([a-z0-9+/=\r\n]+)/gim;

function withoutInBase64(bytes: Uint8Array, mentions: Mentions): Uint8Array {
  let changed = bytes;
  const text = new TextDecoder("latin1").decode(bytes);
  for (const match of text.matchAll(BASE64)) {
    const block = match[1] ?? "";
    const encoded = encodedWithout(block, mentions);
    if (encoded === null) continue;
    if (changed === bytes) changed = bytes.slice();
    changed.set(utf8(encoded), match.index + match[0].length - block.length);
  }
  return changed;
}

/** The lines of base64 whose bytes hold no mention any more, each as long as it was; null for no change. */
function encodedWithout(lines: string, mentions: Mentions): string | null {
  const bytes = fromBase64(lines);
  const without = bytes && bytesWithout(bytes, mentions);
  if (!without) return null;
  const encoded = toBase64(without);
  let next = 0;
  return lines.replace(/[^\r\n]+/g, (line) => encoded.slice(next, (next += line.length)));
}

/** An encoded-word (RFC 2047 §2). */
const WORD = /(=\?[^?\s]{1,80}\?)([bq])\?([^?\s]*)(?=\?=)/gi;

/** Encoded-words that hold a mention say nothing any more. */
function withoutInWords(bytes: Uint8Array, { foundIn }: Mentions): Uint8Array {
  let changed = bytes;
  const text = new TextDecoder("latin1").decode(bytes);
  for (const match of text.matchAll(WORD)) {
    const [word, start = "", , payload = ""] = match;
    if (!foundIn(decodeWords(`${word}?=`))) continue;
    if (changed === bytes) changed = bytes.slice();
    changed.set(utf8(`${start}Q?${"x".repeat(payload.length)}`), match.index);
  }
  return changed;
}

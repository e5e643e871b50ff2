// The text of a part in its charset, and back: what is not changed gives the very same octets. A charset
// that we cannot write is written as UTF-8. Text that does not fit its charset is nobody's to change.
import { utf8 } from "../../lib/bytes.ts";

/** A decoded text and the way back. */
export type DecodedText = {
  readonly text: string;
  /** The octets of this text or of one like it; characters that the charset lacks become references. */
  readonly encode: (text: string) => Uint8Array;
  /** The charset that `encode` writes, when it is not the one that was declared. */
  readonly charset: "utf-8" | null;
};

/** Reads octets in the charset that a part declares, or null when they cannot be read for certain. */
export function decodeText(bytes: Uint8Array, declared: string | null): DecodedText | null {
  const label = declared?.trim().toLowerCase() ?? "";
  // What claims to be ASCII, or nothing at all, is whatever it can be.
  if (/^(?:|us-ascii|ascii|ansi_x3\.4-1968)$/.test(label)) {
    return decodeAs(bytes, "utf-8") ?? decodeAs(bytes, "windows-1252");
  }
  return decodeAs(bytes, label);
}

/** WHATWG names of encodings with one octet a character. */
const SINGLE_BYTE =
  /^(?:ibm866|iso-8859-\d{1,2}(?:-i)?|koi8-[ru]|macintosh|windows-\d{3,4}|x-mac-cyrillic)$/;

/** Encodings that stand for "do not read this" or for bytes that are no text. */
const NO_TEXT = /^(?:replacement|x-user-defined)$/;

function decodeAs(bytes: Uint8Array, label: string): DecodedText | null {
  const decoder = decoderOf(label);
  if (!decoder || NO_TEXT.test(decoder.encoding)) return null;
  const { encoding } = decoder;
  try {
    const text = decoder.decode(bytes);
    if (encoding === "utf-8") return { text, encode: utf8, charset: null };
    if (!SINGLE_BYTE.test(encoding)) return { text, encode: utf8, charset: "utf-8" };
    return { text, encode: (changed) => encodeSingle(changed, encoding), charset: null };
  } catch {
    // Octets that this charset does not have.
    return null;
  }
}

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true });
  } catch {
    // A charset that nobody knows.
    return null;
  }
}

const tables = new Map<string, ReadonlyMap<string, number>>();

/** Which octet writes which character. */
function tableOf(encoding: string): ReadonlyMap<string, number> {
  const known = tables.get(encoding);
  if (known) return known;
  const decoder = new TextDecoder(encoding);
  const table = new Map<string, number>();
  for (let octet = 0; octet < 256; octet++) {
    const character = decoder.decode(Uint8Array.of(octet));
    if (character !== "\ufffd") table.set(character, octet);
  }
  tables.set(encoding, table);
  return table;
}

function encodeSingle(text: string, encoding: string): Uint8Array {
  const table = tableOf(encoding);
  const bytes: number[] = [];
  for (const character of text) {
    const octet = table.get(character);
    if (octet !== undefined) bytes.push(octet);
    else bytes.push(...utf8(`&#${character.codePointAt(0)};`));
  }
  return Uint8Array.from(bytes);
}

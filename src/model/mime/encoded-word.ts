// Encoded-words of header fields (RFC 2047) as the text that a reader sees. What cannot be decoded stays
// as it is: a word of an unknown charset, or one that is malformed.
import { concat } from "../../lib/bytes.ts";
import { toHeaderText } from "../header.ts";

/** One encoded-word; a language after the charset (RFC 2231 §5) means nothing to us. */
const WORD = /=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?\s]*)\?=/g;

/** The text with its encoded-words decoded, as one line without control characters. */
export function decodeWords(text: string): string {
  if (!text.includes("=?")) return toHeaderText(text);
  let decoded = "";
  let end = 0;
  let run: Run = { label: "", words: [] };
  for (const match of text.matchAll(WORD)) {
    const [source, charset = "", encoding = "", payload = ""] = match;
    const between = text.slice(end, match.index);
    const label = charset.toLowerCase();
    // White space between two encoded-words is not part of the text (§6.2), and a character that was
    // cut between two words of one charset is put together again.
    const adjacent = end > 0 && between.trim() === "";
    if (!adjacent || run.label !== label) {
      decoded += textOf(run) + (adjacent ? "" : between);
      run = { label, words: [] };
    }
    run.words.push({ source, octets: octetsOf(encoding, payload) });
    end = match.index + source.length;
  }
  return toHeaderText(decoded + textOf(run) + text.slice(end));
}

/** Encoded-words of one charset that follow each other. */
type Run = {
  readonly label: string;
  readonly words: { readonly source: string; readonly octets: Uint8Array }[];
};

function textOf({ label, words }: Run): string {
  try {
    const octets = concat(words.map((word) => word.octets));
    return label === "" ? "" : new TextDecoder(label).decode(octets);
  } catch {
    // A charset that nobody knows.
    return words.map(({ source }) => source).join(" ");
  }
}

function octetsOf(encoding: string, payload: string): Uint8Array {
  return encoding.toLowerCase() === "b" ? base64Octets(payload) : quotedOctets(payload);
}

function base64Octets(payload: string): Uint8Array {
  try {
    return oneByteEach(atob(payload));
  } catch {
    return oneByteEach(payload);
  }
}

function quotedOctets(payload: string): Uint8Array {
  const text = payload
    .replaceAll("_", " ")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  return oneByteEach(text);
}

function oneByteEach(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

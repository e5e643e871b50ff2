// The header fields that carry what people wrote: names, addresses, subject, own headers. Encodes
// (RFC 2047) and folds (RFC 5322 §2.2.3) so that a reader sees exactly what the sender gave: a text
// that looks like an encoded-word stays that text.
import { utf8 } from "../lib/bytes.ts";
import { isStructuredHeader } from "../model/header.ts";
import type { Mailbox } from "../model/message.ts";

/** Lines are folded at this length where there is a space (RFC 5322 §2.1.1, RFC 2047 §2). */
const FOLD_AT = 76;
/** A run without spaces that is longer is encoded: no line may reach 998 octets. */
const MAX_WORD_LENGTH = 900;
/** `=?UTF-8?Q?` and `?=`. */
const ENCODED_WORD_FRAME = 12;
const MAX_ENCODED_WORD = 75;

/** One unstructured header field, or an own one with a grammar of its own, ended by CRLF. */
export function textHeader(name: string, value: string): string {
  if (isStructuredHeader(name) || isPlain(value)) return fold(name, value);
  return fold(name, encodeWords(value, name.length + 2));
}

/** One address header field, ended by CRLF. */
export function addressHeader(name: string, mailboxes: readonly Mailbox[]): string {
  let used = name.length + 2;
  const list = mailboxes.map((mailbox) => {
    const text = mailboxText(mailbox, used);
    // Only the first name shares its line with the header's name.
    used = 1;
    return text;
  });
  return fold(name, list.join(", "));
}

function mailboxText({ name, address }: Mailbox, used: number): string {
  return name === "" ? address : `${phrase(name, used)} <${address}>`;
}

/** A display name as atoms, as a quoted-string, or as encoded-words. */
function phrase(name: string, used: number): string {
  if (!isPlain(name)) return encodeWords(name, used);
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(name)) return name;
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether a reader gets the same text when it stands there as it is. */
function isPlain(text: string): boolean {
  if (!/^[\x20-\x7e]*$/.test(text) || text.includes("=?") || text.trim() !== text) return false;
  return text.split(" ").every((word) => word.length <= MAX_WORD_LENGTH) && !/ {900}/.test(text);
}

/** Folds before runs of spaces; unfolding gives back every one of them. */
function fold(name: string, value: string): string {
  let folded = "";
  let line = `${name}:`;
  for (const [token] of ` ${value}`.matchAll(/ +[^ ]*/g)) {
    if (line.length + token.length > FOLD_AT && token.trim() !== "") {
      folded += `${line}\r\n`;
      line = "";
    }
    line += token;
  }
  return `${folded}${line}\r\n`;
}

/** Encoded-words of whole characters, none over 75 long; the first leaves room for `used`. */
function encodeWords(text: string, used: number): string {
  const characters = Array.from(text);
  const encoding = isMostlyAscii(characters) ? quoted : base64;
  const words: string[] = [];
  let room = FOLD_AT - used - ENCODED_WORD_FRAME;
  if (room < MAX_ENCODED_WORD / 3) room = MAX_ENCODED_WORD - ENCODED_WORD_FRAME;
  let word = "";
  let size = 0;
  for (const character of characters) {
    const added = encoding.sizeOf(character);
    if (word !== "" && encoding.encodedSize(size + added) > room) {
      words.push(encoding.word(word));
      room = MAX_ENCODED_WORD - ENCODED_WORD_FRAME;
      word = "";
      size = 0;
    }
    word += character;
    size += added;
  }
  return [...words, encoding.word(word)].join(" ");
}

/** Base64 is for texts of which less than half is ASCII. */
function isMostlyAscii(characters: readonly string[]): boolean {
  const ascii = characters.filter((character) => character.charCodeAt(0) < 0x80).length;
  return ascii * 2 >= characters.length;
}

/** What may stand as itself in a Q encoded-word anywhere, a phrase included (RFC 2047 §5 (3)). */
const Q_LITERAL = /^[A-Za-z0-9!*+\-/]$/;

type WordEncoding = {
  /** What one character adds to a word. */
  readonly sizeOf: (character: string) => number;
  /** Length of the encoded text for that many. */
  readonly encodedSize: (size: number) => number;
  readonly word: (text: string) => string;
};

const quoted: WordEncoding = {
  sizeOf: (character) => quotedCharacter(character).length,
  encodedSize: (size) => size,
  word: (text) => `=?UTF-8?Q?${Array.from(text, quotedCharacter).join("")}?=`,
};

function quotedCharacter(character: string): string {
  if (character === " ") return "_";
  if (Q_LITERAL.test(character)) return character;
  const octets = Array.from(utf8(character), (octet) => octet.toString(16).padStart(2, "0"));
  return octets.map((octet) => `=${octet.toUpperCase()}`).join("");
}

const base64: WordEncoding = {
  sizeOf: (character) => utf8(character).length,
  encodedSize: (size) => Math.ceil(size / 3) * 4,
  word: (text) => `=?UTF-8?B?${btoa(String.fromCharCode(...utf8(text)))}?=`,
};

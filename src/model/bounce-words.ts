// The words of a refusal that somebody else heard and tells us of, in a bounce mail or through a relay's
// webhook → the bounce code that the same words would have had in our own dialogue. Pure.
import type { Reply } from "../deliver/smtp/transaction.ts";
import type { BounceCode } from "./bounce.ts";
import { classify } from "./bounce-rules.ts";
import { printable } from "./relay-words.ts";

/** A refusal as it was told. */
export type ToldRefusal = {
  /** A reply, a Diagnostic-Code (RFC 3464 §2.3.6), or any sentence; "" when nothing was said. */
  readonly text: string;
  /** An enhanced status code such as `5.1.1` that was told beside it, or null. */
  readonly status: string | null;
};

/** What a told refusal means. */
export type JudgedWords = {
  readonly code: BounceCode;
  /** The words on one printable line, at most 1,000 characters. */
  readonly reply: string;
};

/** Longer texts are cut before anybody looks at them. */
const MAX_TEXT = 4_000;

/** `smtp;` and the like (RFC 3464 §2.1.2). */
const DIAGNOSTIC_TYPE = /^\s{0,8}[a-z][\w-]{0,30}\s{0,8};\s{0,8}/iu;

/** A reply code at the start, or where one MTA quotes another. */
const REPLY_CODE =
  /(?:^|\b(?:said|response|reply|replied|responded|was|error|returned)[:;]?[\s"'(]{1,4})([45][0-5]\d)(?=[\s-]|$)/iu;
const STATUS = /(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])/u;

/** Judges a refusal that others heard. Without any code the words alone decide. */
export function judgeWords(told: ToldRefusal): JudgedWords {
  const text = told.text.slice(0, MAX_TEXT).replace(DIAGNOSTIC_TYPE, "");
  const line = printable(text, MAX_TEXT);
  const enhanced = STATUS.exec(line)?.[1] ?? STATUS.exec(told.status ?? "")?.[1] ?? null;
  const reply = printable(withoutRepeats(line, enhanced));
  const code = classify({ code: digitsOf(reply, enhanced, told.status), enhanced, lines: [reply] });
  return { code, reply: reply === "" ? (enhanced ?? "") : reply };
}

/** A reply of several lines, told on one, repeats its codes in the middle of the words. */
function withoutRepeats(line: string, status: string | null): string {
  const [first = "", ...rest] = status === null ? [line] : line.split(status);
  if (rest.length < 2) return line;
  return `${first}${status}${rest.map((part) => part.replace(/ ?\b[45][0-5]\d[- ]$/u, "")).join("")}`;
}

/** Three digits for the rules; a temporary failure stays one, also when it was given up at last. */
function digitsOf(text: string, enhanced: string | null, status: string | null): Reply["code"] {
  const digits = Number(REPLY_CODE.exec(text)?.[1] ?? (enhanced?.startsWith("4") ? 450 : 550));
  const temporary = enhanced?.startsWith("4") || status?.startsWith("4") || digits < 500;
  return temporary ? 400 + (digits % 100) : digits;
}

// A relay's words as one printable line. Replies are hostile text: control characters, terminal
// sequences, invisible characters and broken surrogates are taken out, and the length is bounded. Pure.
import type { Reply } from "../deliver/smtp/transaction.ts";

/** What people are shown of one reply; the default length of `bounce_text` too (contract 1.9.3). */
export const REPLY_LIMIT = 1_000;

// Cleaning looks at this many times the limit, so that a reply of invisible characters costs little.
const SLACK = 4;

const ESCAPE = String.fromCodePoint(0x1b);
const TERMINAL_SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[\\d;?]{0,16}[@-~]|.)?`, "gu");
const INVISIBLE = /\p{Cf}/gu;
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/u;

/**
 * A whole reply on one line: code, enhanced code, words. The enhanced code that a server repeats on
 * each line of a multi-line reply is shown once (RFC 2034 §4).
 */
export function relayWords(reply: Reply, limit: number = REPLY_LIMIT): string {
  const raw = reply.lines.slice(0, limit).map((line) => line.trim());
  const first = reply.enhanced ?? STATUS.exec(raw[0] ?? "")?.[0] ?? null;
  const words = raw.map((line) => withoutStatus(line, first));
  return printable([String(reply.code), first ?? "", ...words].join(" "), limit);
}

/** Any foreign text as one printable, well-formed line of at most `limit` UTF-16 units. */
export function printable(text: string, limit: number = REPLY_LIMIT): string {
  const clean = text
    .slice(0, limit * SLACK)
    .toWellFormed()
    .replace(TERMINAL_SEQUENCE, "")
    .replace(BREAKS, " ")
    .replace(INVISIBLE, "")
    .trim();
  return cut(clean, limit);
}

function withoutStatus(line: string, status: string | null): string {
  return status !== null && STATUS.exec(line)?.[0] === status ? line.slice(status.length) : line;
}

// Never between the two halves of a surrogate pair.
function cut(text: string, limit: number): string {
  const short = text.slice(0, limit);
  return short.isWellFormed() ? short : short.slice(0, -1);
}

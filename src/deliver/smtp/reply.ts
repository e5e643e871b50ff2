// Reads SMTP replies (RFC 5321 §4.2) out of bytes as they arrive. Bounded in every direction, because
// a relay is a stranger; what breaks the grammar is an error value. No I/O, no waiting.
import { fail, ok } from "../../lib/result.ts";
import type { Result } from "../../lib/result.ts";
import type { Reply } from "./transaction.ts";

/** What a reply may cost. RFC 5321 §4.5.3.1.5 asks for 512 bytes a line; real relays exceed it. */
export const REPLY_LIMITS = {
  /** Bytes in one line, its end not counted. */
  line: 2_000,
  lines: 100,
  /** Bytes in one reply, and at most so many wait unread. */
  total: 65_536,
} as const;

const LF = 10;
const CR = 13;
// §4.2: the first digit is 2 to 5, the second 0 to 5. A code without text is allowed ("MUST be able
// to handle"), so is one that is followed by a tab in place of the space.
const LINE = /^(?<code>[2-5][0-5]\d)(?:(?<separator>[- \t])(?<text>.*))?$/su;
// RFC 2034 §4: class, subject and detail open the text.
const ENHANCED = /^(?<status>[245]\.\d{1,3}\.\d{1,3})(?=\s|$)/u;
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu;

/** Collects bytes and gives complete replies, in order. Once broken it stays broken. */
export class ReplyReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #code: number | null = null;
  #lines: string[] = [];
  #size = 0;
  #problem: string | null = null;

  /** True when bytes are here that no reply that was taken accounts for. */
  get pending(): boolean {
    return this.#bytes.length > 0 || this.#lines.length > 0;
  }

  /** Adds what arrived. */
  push(chunk: Uint8Array): void {
    if (this.#bytes.length === 0) {
      this.#bytes = chunk;
      return;
    }
    const joined = new Uint8Array(this.#bytes.length + chunk.length);
    joined.set(this.#bytes);
    joined.set(chunk, this.#bytes.length);
    this.#bytes = joined;
  }

  /** The next reply, null when more bytes are needed, or why these bytes are no reply. */
  take(): Result<Reply | null, string> {
    while (this.#problem === null) {
      const end = this.#bytes.indexOf(LF);
      if (end < 0) return this.#waitForMore();
      const line = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end + 1);
      const reply = this.#add(line);
      if (reply !== null) return ok(reply);
    }
    return fail(this.#problem);
  }

  #waitForMore(): Result<null, string> {
    // One byte more for a CR that ends the longest line.
    if (this.#bytes.length > REPLY_LIMITS.line + 1) {
      return this.#broken(`a reply line longer than ${REPLY_LIMITS.line} bytes`);
    }
    return ok(null);
  }

  /** Takes one line; returns the reply that it completes, if it does. */
  #add(raw: Uint8Array): Reply | null {
    // A bare LF ends a line too: the relay meant a line end, and no line of ours is echoed with one.
    const line = raw.at(-1) === CR ? raw.subarray(0, -1) : raw;
    this.#size += line.length;
    const found = LINE.exec(new TextDecoder().decode(line))?.groups;
    if (line.length > REPLY_LIMITS.line) this.#broken("a reply line that is too long");
    else if (this.#size > REPLY_LIMITS.total) this.#broken("a reply that is too long");
    else if (this.#lines.length >= REPLY_LIMITS.lines) this.#broken("a reply of too many lines");
    else if (found === undefined) this.#broken("a line that is no SMTP reply");
    else return this.#accept(Number(found["code"]), found["separator"], found["text"] ?? "");
    return null;
  }

  #accept(code: number, separator: string | undefined, text: string): Reply | null {
    // §4.2.1: all lines carry the same code. When they differ there is no telling which one is
    // meant, and to guess "accepted" would lose mail: no reply.
    if (this.#code !== null && this.#code !== code) {
      this.#broken(`a reply with two codes, ${this.#code} and ${code}`);
      return null;
    }
    this.#code = code;
    this.#lines.push(printable(text));
    if (separator === "-") return null;
    const lines = this.#lines;
    this.#code = null;
    this.#lines = [];
    this.#size = 0;
    return { code, enhanced: enhancedOf(code, lines), lines };
  }

  #broken(problem: string): Result<null, string> {
    this.#problem = problem;
    return fail(problem);
  }
}

/** A reply as one line of text, such as `550 5.1.1 no such user`, cut to a length for reasons. */
export function replyText(reply: Reply): string {
  return `${reply.code} ${reply.lines.join(" ")}`.trim().slice(0, 200);
}

/** The first enhanced code whose class fits the reply code (RFC 2034 §4: they must agree). */
function enhancedOf(code: number, lines: readonly string[]): string | null {
  for (const line of lines) {
    const status = ENHANCED.exec(line)?.groups?.["status"];
    if (status !== undefined && Number(status[0]) === Math.floor(code / 100)) return status;
  }
  return null;
}

/** Replies end up in events, pages and webhooks: control and format characters are made visible. */
function printable(text: string): string {
  return text.replaceAll("\t", " ").replaceAll(UNPRINTABLE, "\uFFFD").trimEnd();
}

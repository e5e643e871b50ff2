// Gathers the content of one message as bytes arrive, finds the only right end of it (CRLF.CRLF) and
// undoes dot-stuffing (RFC 5321 §4.5.2). Deliberately strict: what it does not take as the end is content.
import { createHash } from "node:crypto";

const END = Buffer.from("\r\n.\r\n", "latin1");

export type Content = {
  readonly body: Buffer;
  readonly sha256: string;
  readonly bareLf: number;
  readonly bareCr: number;
};

export class ContentReader {
  readonly #chunks: Buffer[] = [];
  // The line before content is `DATA` and its CRLF: a dot may follow at once.
  #tail: Buffer = Buffer.from("\r\n", "latin1");
  size = 0;

  /** Takes bytes; returns the content and what follows its end, once the end is there. */
  push(chunk: Buffer): { content: Content; rest: Buffer } | null {
    const joined = Buffer.concat([this.#tail, chunk]);
    const end = joined.indexOf(END);
    if (end < 0) {
      this.#chunks.push(chunk);
      this.size += chunk.length;
      this.#tail = joined.subarray(Math.max(0, joined.length - END.length + 1));
      return null;
    }
    const taken = end + END.length - this.#tail.length;
    this.#chunks.push(chunk.subarray(0, taken));
    const raw = Buffer.concat(this.#chunks);
    return {
      content: finish(raw.subarray(0, raw.length - 3)),
      rest: chunk.subarray(taken),
    };
  }
}

/** Counts LF without CR before it and CR without LF after it. */
export function countBare(bytes: Buffer): { bareLf: number; bareCr: number } {
  let bareLf = 0;
  let bareCr = 0;
  for (let i = bytes.indexOf(10); i >= 0; i = bytes.indexOf(10, i + 1)) {
    if (bytes[i - 1] !== 13) bareLf += 1;
  }
  for (let i = bytes.indexOf(13); i >= 0; i = bytes.indexOf(13, i + 1)) {
    if (bytes[i + 1] !== 10) bareCr += 1;
  }
  return { bareLf, bareCr };
}

function finish(stuffed: Buffer): Content {
  const body = unstuff(stuffed);
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { body, sha256, ...countBare(stuffed) };
}

function unstuff(stuffed: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = stuffed[0] === 46 ? 1 : 0;
  const dot = Buffer.from("\r\n.", "latin1");
  for (let at = stuffed.indexOf(dot); at >= 0; at = stuffed.indexOf(dot, at + 2)) {
    parts.push(stuffed.subarray(from, at + 2));
    from = at + 3;
  }
  parts.push(stuffed.subarray(from));
  return Buffer.concat(parts);
}

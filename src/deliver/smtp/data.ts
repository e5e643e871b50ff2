// Turns a message into what follows DATA on the wire: CRLF line ends only, dot-stuffed, ended by the
// one right end (RFC 5321 §4.5.2). Streams through one buffer, so 25 MB are never copied as a whole.
// No byte of a message can end it early: every LF that is sent follows a CR, and a dot after it is doubled.

/** A piece of the wire, valid until the next one is asked for. */
export type DataBlock = {
  readonly bytes: Uint8Array;
  /** This piece holds the final dot, or a part of what follows it. */
  readonly last: boolean;
};

const CR = 13;
const LF = 10;
const DOT = 46;
const END = new Uint8Array([DOT, CR, LF]);
// Room for one byte that became three (LF → CR LF, then a doubled dot), and CRLF before the end.
const MARGIN = 8;

/** Bytes of one write to the socket: large enough for most mail in one, small enough for 128 MB. */
export const BLOCK_BYTES = 65_536;

/**
 * The content, its end, and `tail` (commands that share the group, RFC 2920 §3.1) as blocks that
 * are cut from `buffer`. Bare CR and bare LF become CRLF; a missing last CRLF is added.
 */
export function* dataBlocks(
  content: readonly Uint8Array[],
  tail: Uint8Array,
  buffer: Uint8Array = new Uint8Array(BLOCK_BYTES),
): Generator<DataBlock, void> {
  const stuffer = new Stuffer(buffer);
  for (const chunk of content) {
    let at = 0;
    while (at < chunk.length) {
      at = stuffer.fill(chunk, at);
      if (at < chunk.length) yield { bytes: stuffer.take(), last: false };
    }
  }
  if (stuffer.room < END.length + tail.length) yield { bytes: stuffer.take(), last: false };
  yield { bytes: stuffer.end(tail), last: true };
}

/** Copies chunks into a buffer, mending line ends and doubling dots; remembers across chunks. */
class Stuffer {
  readonly #buffer: Uint8Array;
  #used = 0;
  #lineStart = true;
  /** The last byte was a CR, already sent as CRLF: an LF that follows belongs to it. */
  #afterCr = false;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  /** Bytes that fit, apart from the margin. */
  get room(): number {
    return this.#buffer.length - MARGIN - this.#used;
  }

  /** Takes the chunk from `at` until the buffer is full; returns where it stopped. */
  fill(chunk: Uint8Array, at: number): number {
    const out = this.#buffer;
    let i = at;
    let used = this.#used;
    while (i < chunk.length && used < out.length - MARGIN) {
      const byte = chunk[i];
      i += 1;
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false;
        continue;
      }
      this.#afterCr = byte === CR;
      if (byte === CR || byte === LF) {
        out[used] = CR;
        out[used + 1] = LF;
        used += 2;
        this.#lineStart = true;
        continue;
      }
      if (byte === DOT && this.#lineStart) {
        out[used] = DOT;
        used += 1;
      }
      this.#lineStart = false;
      out[used] = byte ?? 0;
      used += 1;
      const run = plainRun(chunk, i, out.length - MARGIN - used);
      if (run > 0) {
        out.set(chunk.subarray(i, i + run), used);
        i += run;
        used += run;
      }
    }
    this.#used = used;
    return i;
  }

  /** What was gathered; the buffer is free again. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return bytes;
  }

  /** What was gathered, the end of data, and `tail`. */
  end(tail: Uint8Array): Uint8Array {
    const closing = this.#lineStart ? END : new Uint8Array([CR, LF, ...END]);
    const size = this.#used + closing.length + tail.length;
    const out = size <= this.#buffer.length ? this.#buffer : new Uint8Array(size);
    if (out !== this.#buffer) out.set(this.#buffer.subarray(0, this.#used));
    out.set(closing, this.#used);
    out.set(tail, this.#used + closing.length);
    return out.subarray(0, size);
  }
}

/** How many bytes from `at` hold neither CR nor LF, at most `limit`. */
function plainRun(chunk: Uint8Array, at: number, limit: number): number {
  const stop = Math.min(chunk.length, at + Math.max(0, limit));
  let i = at;
  while (i < stop && chunk[i] !== CR && chunk[i] !== LF) i += 1;
  return i - at;
}

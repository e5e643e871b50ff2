// The bytes of a file on their way into parts of one size: a part is filled, taken and filled again, and
// never more than one and a bit is held. Pure but for its own buffer.

/**
 * Bytes of a part. R2 takes parts of at least 5 MiB that all have the same size but the last (platform
 * limits); the least keeps memory low.
 */
export const PART_BYTES = 5 * 1024 * 1024;

/** Collects bytes up to a part, and what did not fit. */
export type PartBuffer = {
  /** Adds text or bytes; answers whether the part is full now. Must not be called while it is. */
  readonly add: (data: string | Uint8Array) => boolean;
  /** Adds bytes, at most a part, to an empty buffer. */
  readonly load: (bytes: Uint8Array) => void;
  /** The bytes of the part so far; valid until the next call of another function. */
  readonly bytes: () => Uint8Array;
  /** What did not fit the part. */
  readonly over: () => Uint8Array;
  /** Begins the next part with what did not fit. */
  readonly next: () => void;
};

/** An empty buffer. What is added must not be longer than a part. */
export function partBuffer(): PartBuffer {
  const part = new Uint8Array(PART_BYTES);
  const encoder = new TextEncoder();
  let length = 0;
  let over = new Uint8Array();

  function put(bytes: Uint8Array): void {
    const fits = Math.min(bytes.length, PART_BYTES - length);
    part.set(bytes.subarray(0, fits), length);
    length += fits;
    over = bytes.slice(fits);
    if (over.length >= PART_BYTES) throw new Error("a piece is longer than a part");
  }

  return {
    add(data) {
      put(typeof data === "string" ? encoder.encode(data) : data);
      return length === PART_BYTES;
    },
    load: put,
    bytes: () => part.subarray(0, length),
    over: () => over,
    next() {
      length = 0;
      put(over);
    },
  };
}

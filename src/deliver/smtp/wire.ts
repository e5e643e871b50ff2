// A stream to a relay as the client uses it: write bytes, read replies, upgrade to TLS; every wait has
// a deadline and every failure is a value. Knows no command and no state of the conversation.
import { fail, ok } from "../../lib/result.ts";
import type { Result } from "../../lib/result.ts";
import { ReplyReader } from "./reply.ts";
import type { Reply, Stream } from "./transaction.ts";
import type { Watch } from "./watch.ts";

/** Why nothing came back, in plain words such as `timed out after 30 s`. */
export type WireProblem = string;

/** One live connection. Replies are read in order, by one caller at a time. */
export class Wire {
  #stream: Stream;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #replies = new ReplyReader();
  #reading: Promise<Result<null, WireProblem>> | null = null;
  #tls: boolean;
  readonly #watch: Watch;

  constructor(stream: Stream, tls: "plain" | "tls", watch: Watch) {
    this.#watch = watch;
    this.#stream = stream;
    this.#reader = stream.readable.getReader();
    this.#writer = stream.writable.getWriter();
    this.#tls = tls === "tls";
  }

  /** True once everything that is written or read is protected by TLS. */
  get tls(): boolean {
    return this.#tls;
  }

  /** True when the relay has said more than was asked for, as far as it was read. */
  get pending(): boolean {
    return this.#replies.pending;
  }

  /** Looks, without waiting, whether the relay said something or left while nothing was asked. */
  async unasked(): Promise<WireProblem | null> {
    if (!this.#replies.pending) {
      const arrived = await Promise.race([this.#fill(), new Promise<null>(nextTurn)]);
      if (arrived !== null && !arrived.ok) return arrived.error;
    }
    return this.#replies.pending ? "the relay spoke out of turn" : null;
  }

  /** The deadlines of this connection. */
  get watch(): Watch {
    return this.#watch;
  }

  /** The next reply, without a deadline of its own: the caller races it. */
  async reply(): Promise<Result<Reply, WireProblem>> {
    for (;;) {
      const taken = this.#take();
      if (taken !== null) return taken;
      const filled = await this.#fill();
      if (!filled.ok) return filled;
    }
  }

  /** The next reply, within so many milliseconds for all of it. */
  async replyWithin(ms: number): Promise<Result<Reply, WireProblem>> {
    // The replies to a group arrive together: no timer for those that are here.
    return this.#take() ?? (await this.#watch.within(ms, this.reply()));
  }

  /** Writes all bytes; resolves when the platform took them, so that the buffer is free again. */
  async write(bytes: Uint8Array, ms: number): Promise<Result<null, WireProblem>> {
    return await this.#watch.within(ms, this.#writer.write(bytes).then(done, lost));
  }

  /**
   * Upgrades to TLS. Bytes that the relay sent in clear behind its 220 are dropped unread: they may
   * be an attacker's (RFC 3207 §4.2, CVE-2011-0411).
   */
  async startTls(ms: number): Promise<Result<null, WireProblem>> {
    this.#reader.releaseLock();
    this.#writer.releaseLock();
    this.#replies = new ReplyReader();
    this.#reading = null;
    try {
      this.#stream = this.#stream.startTls();
    } catch (error) {
      return lost(error);
    }
    const opened = await this.#watch.within(ms, this.#stream.opened.then(done, handshakeFailed));
    this.#reader = this.#stream.readable.getReader();
    this.#writer = this.#stream.writable.getWriter();
    this.#tls = true;
    return opened;
  }

  /** Ends the connection without waiting for it. */
  close(): void {
    this.#watch.end();
    this.#stream.close();
  }

  #take(): Result<Reply, WireProblem> | null {
    const taken = this.#replies.take();
    if (!taken.ok) return fail(`the relay sent ${taken.error}`);
    return taken.value === null ? null : ok(taken.value);
  }

  #fill(): Promise<Result<null, WireProblem>> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<Result<null, WireProblem>> {
    const replies = this.#replies;
    try {
      const chunk = await this.#reader.read();
      // Closed stays closed: the promise is kept and answers every later read as well.
      if (chunk.done) return fail("the relay closed the connection");
      replies.push(chunk.value);
      this.#reading = null;
      return ok(null);
    } catch (error) {
      return lost(error);
    }
  }
}

function done(): Result<null, WireProblem> {
  return ok(null);
}

function lost(error: unknown): Result<never, WireProblem> {
  const words = error instanceof Error ? error.message : String(error);
  return fail(`the connection was lost: ${words}`);
}

/** The platform keeps the cause to itself ("internal error"); these are the usual ones. */
function handshakeFailed(): Result<null, WireProblem> {
  return fail("the TLS handshake failed: no TLS there, or a certificate that does not verify");
}

function nextTurn(resolve: (value: null) => void): void {
  setTimeout(resolve, 0, null);
}

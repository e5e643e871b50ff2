// The deadlines of one connection, kept by a single timer. A message has three, and setting and clearing a timer
// for each took 6 % of the time of a delivery.
import { fail, type Result } from "../../lib/result.ts";

type Deadline = { readonly at: number; readonly late: () => void };

/** Watches over everything that a connection waits for. */
export class Watch {
  readonly #deadlines = new Set<Deadline>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires: never after the earliest deadline, often before it. Epoch milliseconds. */
  #firesAt = Infinity;

  /** Calls `late` after so many milliseconds, unless what this returns was called before. */
  after(ms: number, late: () => void): () => void {
    const deadline = { at: Date.now() + ms, late };
    this.#deadlines.add(deadline);
    this.#arm(deadline.at);
    return () => void this.#deadlines.delete(deadline);
  }

  /** The work's result, or a failure after so many milliseconds; the work itself goes on unheard. */
  async within<T>(ms: number, work: Promise<Result<T, string>>): Promise<Result<T, string>> {
    const { promise: late, resolve } = Promise.withResolvers<Result<T, string>>();
    const meet = this.after(ms, () => resolve(fail(`timed out after ${ms / 1_000} s`)));
    try {
      return await Promise.race([work, late]);
    } finally {
      meet();
    }
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#deadlines.clear();
    clearTimeout(this.#timer);
    this.#firesAt = Infinity;
  }

  #arm(at: number): void {
    if (at >= this.#firesAt) return;
    clearTimeout(this.#timer);
    this.#firesAt = at;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, at - Date.now()));
  }

  #look(): void {
    this.#firesAt = Infinity;
    const now = Date.now();
    let next = Infinity;
    for (const deadline of this.#deadlines) {
      if (deadline.at > now) {
        next = Math.min(next, deadline.at);
        continue;
      }
      this.#deadlines.delete(deadline);
      deadline.late();
    }
    if (next < Infinity) this.#arm(next);
  }
}

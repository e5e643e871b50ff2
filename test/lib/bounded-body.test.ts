// Reading a stranger's answer: never more than asked for, never longer than allowed, never an error.
import { describe, expect, it } from "vitest";
import { readUpTo } from "../../src/lib/bounded-body.ts";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";

const NEVER = new AbortController().signal;

type Source = {
  readonly body: ReadableStream<Uint8Array>;
  readonly pulled: () => number;
  readonly cancelled: () => boolean;
};

/** A body of these pieces; then it ends, breaks off, or says nothing any more. */
function source(pieces: readonly string[], end: "close" | "error" | "hang" = "close"): Source {
  let next = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces[next++];
      if (piece !== undefined) controller.enqueue(utf8(piece));
      else if (end === "close") controller.close();
      else if (end === "error") controller.error(new Error("reset"));
      else await new Promise(() => undefined);
    },
    cancel() {
      cancelled = true;
    },
  });
  return { body, pulled: () => next, cancelled: () => cancelled };
}

async function read(body: ReadableStream<Uint8Array> | null, limit = 100, signal = NEVER) {
  return fromUtf8(await readUpTo(body, limit, signal));
}

describe("readUpTo", () => {
  it("reads a whole body that is within the limit", async () => {
    expect(await read(source(["ab", "", "cd"]).body)).toBe("abcd");
  });

  it("reads nothing where there is no body, or an empty one", async () => {
    expect([await read(null), await read(source([]).body)]).toEqual(["", ""]);
  });

  it("stops at the limit, keeps the piece it came in, and cancels the rest", async () => {
    const endless = source(Array.from({ length: 1_000 }, () => "0123456789"));
    expect((await read(endless.body, 25)).length).toBe(30);
    expect(endless.pulled()).toBeLessThan(6);
    expect(endless.cancelled()).toBe(true);
  });

  it("keeps what came before the connection died", async () => {
    expect(await read(source(["half of"], "error").body)).toBe("half of");
  });

  it("keeps what came before the deadline, and cancels the rest", async () => {
    const slow = source(["first"], "hang");
    expect(await read(slow.body, 100, AbortSignal.timeout(30))).toBe("first");
    expect(slow.cancelled()).toBe(true);
  });

  it("does not wait when the deadline is over already", async () => {
    const text = await read(source([], "hang").body, 100, AbortSignal.abort());
    expect(text).toBe("");
  });
});

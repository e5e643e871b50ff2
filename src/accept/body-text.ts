// A request body as text that comes in pieces, within the limits of size and time: for what is too long
// to be held at once.
import { fail, ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";
import { MAX_BODY_BYTES } from "./body.ts";

/** Pieces of a body; a problem is the last. Malformed UTF-8 becomes U+FFFD; a BOM is left out. */
export type BodyText = AsyncGenerator<Result<string, Problem>, void, void>;

/** What takes longer is given up: no sender of 40 MB needs it, storing them on the way included. */
const DEADLINE_MS = 300_000;

const tooLarge: Problem = {
  kind: "too_large",
  what: "the request body",
  limitBytes: MAX_BODY_BYTES,
};

const tooSlow: Problem = {
  kind: "malformed_body",
  reason: `the body did not arrive within ${DEADLINE_MS / 1000} s`,
};

const broken: Problem = { kind: "malformed_body", reason: "the body ended before it was complete" };

/** The body of an operation that takes none. */
export async function* noText(): BodyText {}

/** The text of a body, read as it is asked for. */
export async function* bodyText(request: Request): BodyText {
  if (Number(request.headers.get("Content-Length") ?? 0) > MAX_BODY_BYTES) {
    yield fail(tooLarge);
    return;
  }
  const reader = request.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let length = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel("too slow").catch(() => undefined);
  }, DEADLINE_MS);
  try {
    for (;;) {
      const next = await read(reader);
      if (late || next === null) {
        yield fail(late ? tooSlow : broken);
        return;
      }
      if (next.done) break;
      length += next.value.length;
      if (length > MAX_BODY_BYTES) {
        yield fail(tooLarge);
        return;
      }
      yield ok(decoder.decode(next.value, { stream: true }));
    }
    yield ok(decoder.decode());
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
}

/** The next piece, or null when the connection died. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    return null;
  }
}

// A request body in pieces as they come, within the limits of size and time: for what is too long to be held
// at once.
import { fail, ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";

/** Pieces of a body; a problem is the last. */
export type BodyPieces = AsyncGenerator<Result<Uint8Array, Problem>, void, void>;

/** What takes longer is given up: no sender needs it, storing the pieces on the way included. */
const DEADLINE_MS = 300_000;

const tooSlow: Problem = {
  kind: "malformed_body",
  reason: `the body did not arrive within ${DEADLINE_MS / 1000} s`,
};

const broken: Problem = { kind: "malformed_body", reason: "the body ended before it was complete" };

/** The body of an operation that takes none. */
export async function* noPieces(): BodyPieces {}

/** The bytes of a body, read as they are asked for. */
export async function* bodyPieces(request: Request, limitBytes: number): BodyPieces {
  const tooLarge: Problem = { kind: "too_large", what: "the request body", limitBytes };
  if (Number(request.headers.get("Content-Length") ?? 0) > limitBytes) {
    yield fail(tooLarge);
    return;
  }
  const reader = request.body?.getReader();
  if (!reader) return;
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
      if (next.done) return;
      length += next.value.length;
      if (length > limitBytes) {
        yield fail(tooLarge);
        return;
      }
      yield ok(next.value);
    }
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

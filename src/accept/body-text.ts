// A request body as text that comes in pieces, within the limits of size and time.
import { ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";
import { MAX_BODY_BYTES } from "./body.ts";
import { bodyPieces } from "./body-pieces.ts";

/** Pieces of a body; a problem is the last. Malformed UTF-8 becomes U+FFFD; a BOM is left out. */
export type BodyText = AsyncGenerator<Result<string, Problem>, void, void>;

/** The body of an operation that takes none. */
export async function* noText(): BodyText {}

/** The text of a body, read as it is asked for. */
export async function* bodyText(request: Request): BodyText {
  const decoder = new TextDecoder();
  for await (const piece of bodyPieces(request, MAX_BODY_BYTES)) {
    if (!piece.ok) {
      yield piece;
      return;
    }
    yield ok(decoder.decode(piece.value, { stream: true }));
  }
  yield ok(decoder.decode());
}

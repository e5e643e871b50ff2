// The answer to a dry run (decision 17). The MIME may have 34 MB: it is written out piece by piece, so that
// it never stands in memory a second time.
import * as z from "zod";
import { utf8 } from "../../lib/bytes.ts";
import type { Answer } from "../endpoint.ts";
import type { Rehearsal } from "../lint.ts";
import { dataOf } from "./native.ts";

/** What `dryRunAnswer` makes. */
export const dryRunView = dataOf(
  z.object({
    mime: z.string(),
    lint: z.array(
      z.object({ rule: z.string(), level: z.enum(["error", "warning"]), message: z.string() }),
    ),
  }),
);

/** `{"data": {"mime", "lint": [{"rule", "level", "message"}]}}`. */
export function dryRunAnswer(rehearsal: Rehearsal): Answer {
  const pieces = piecesOf(rehearsal);
  const bytes = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(utf8(next.value));
    },
  });
  return { status: 200, bytes, headers: { "Content-Type": "application/json" } };
}

/** Octets that are made into text at once. */
const PIECE = 256 * 1024;

function* piecesOf({ mime, issues }: Rehearsal): Generator<string, void> {
  // A character may be cut between two pieces; what Edgepost composes is UTF-8.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  yield '{"data":{"mime":"';
  for (const chunk of mime) {
    for (let start = 0; start < chunk.length; start += PIECE) {
      yield escaped(decoder.decode(chunk.subarray(start, start + PIECE), { stream: true }));
    }
  }
  yield `${escaped(decoder.decode())}","lint":${JSON.stringify(issues)}}}`;
}

/** A text as it stands inside of a JSON string. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

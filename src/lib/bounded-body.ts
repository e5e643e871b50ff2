// Reads an answer's body within a size and a time, whatever its sender intends.
import { concat } from "./bytes.ts";

/**
 * The first bytes of a body: at most `limit` (plus what came in the same piece), and only what came
 * before `deadline` aborts or the connection died. The rest is cancelled.
 */
export async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  deadline: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let total = 0;
  try {
    const late = aborted(deadline);
    while (total < limit) {
      const next = await Promise.race([reader.read(), late]);
      if (next === null || next.done) break;
      pieces.push(next.value);
      total += next.value.length;
    }
  } catch {
    // The connection died inside the body; what came before is all there is.
  }
  void reader.cancel().catch(() => undefined);
  return concat(pieces);
}

async function aborted(signal: AbortSignal): Promise<null> {
  if (signal.aborted) return null;
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

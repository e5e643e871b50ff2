// Reads a request body within its limits. Large bodies are taken one at a time, because the isolate
// has 128 MB for everything.
import { sha256Hex } from "../lib/digest.ts";
import { concat } from "../lib/bytes.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";

/** A parsed JSON body and the means to tell it from another one. */
export type ReceivedBody = { readonly json: unknown; readonly hash: () => Promise<string> };

/** 25 MB of attachments are 34 MB in base64; texts and JSON take the rest. */
export const MAX_BODY_BYTES = 40 * 1024 * 1024;

/** A parsed body takes about three times its size; only one larger than this is held at a time. */
const LARGE_BODY_BYTES = 5 * 1024 * 1024;

/** By then a large body has been stored or refused. */
const LARGE_BODY_RETRY_SECONDS = 2;

/** A sender that stops sending is given up after this long. */
const BODY_DEADLINE_MS = 60_000;

let largeBodies = 0;

/** What taking a body means for the isolate; `release` is called when the request is answered. */
export type BodyLease = { readonly body: ReceivedBody; readonly release: () => void };

/** Reads and parses a JSON body. The lease of a large one must be released when it is done with. */
export async function readJsonBody(request: Request): Promise<Result<BodyLease, Problem>> {
  if (!isJson(request.headers.get("content-type"))) {
    return fail({ kind: "unsupported_media_type" });
  }
  let large = false;
  const release = () => {
    if (large) largeBodies -= 1;
    large = false;
  };
  const claim = (bytes: number): Problem | null => {
    if (bytes > MAX_BODY_BYTES) return tooLarge;
    if (large || bytes <= LARGE_BODY_BYTES) return null;
    if (largeBodies > 0) return busy;
    largeBodies += 1;
    large = true;
    return null;
  };
  const refused = claim(Number(request.headers.get("content-length") ?? 0));
  if (refused) return fail(refused);
  try {
    const read = await readAll(request, claim);
    if (!read.ok) {
      release();
      return read;
    }
    return ok({ body: parseJson(read.value), release });
  } catch (error) {
    release();
    const reason = error instanceof Error ? error.message : "unreadable";
    return fail({ kind: "malformed_body", reason: `the body is not valid JSON: ${reason}` });
  }
}

const tooLarge: Problem = {
  kind: "too_large",
  what: "the request body",
  limitBytes: MAX_BODY_BYTES,
};

const busy: Problem = {
  kind: "unavailable",
  reason: "another large request is being read; send this one again",
  retryAfterSeconds: LARGE_BODY_RETRY_SECONDS,
};

const tooSlow: Problem = {
  kind: "malformed_body",
  reason: `the body did not arrive within ${BODY_DEADLINE_MS / 1000} s`,
};

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}

function parseJson(bytes: Uint8Array<ArrayBuffer>): ReceivedBody {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  const json: unknown = JSON.parse(text);
  return { json, hash: () => sha256Hex(bytes) };
}

/** Reads the body in pieces, asking `claim` before it grows past a limit. */
async function readAll(
  request: Request,
  claim: (bytes: number) => Problem | null,
): Promise<Result<Uint8Array<ArrayBuffer>, Problem>> {
  const reader = request.body?.getReader();
  if (!reader) return ok(new Uint8Array());
  const pieces: Uint8Array[] = [];
  let total = 0;
  // Cancelling ends the pending read, and with it the loop.
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel("too slow");
  }, BODY_DEADLINE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      const refused = claim(total);
      if (refused) return fail(refused);
      pieces.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
  return late ? fail(tooSlow) : ok(concat(pieces));
}

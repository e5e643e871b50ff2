// Reads a request body, JSON or bytes, within its limits. A large one is taken only while no other large thing is in
// the isolate, and its bytes are let go as soon as they are parsed.
import { sha256Hex } from "../lib/digest.ts";
import { LARGE_BYTES, type Leave, tryEnter } from "../lib/large-gate.ts";
import { isDeeperThan } from "../lib/json-depth.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";

/** A parsed JSON body. */
export type ReceivedBody = {
  readonly json: unknown;
  /** SHA-256 of the bytes, hex; "" when it was not asked for. */
  readonly hash: string;
};

/** The bytes of a body. */
export type ReceivedBytes = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the bytes, hex; "" when it was not asked for. */
  readonly hash: string;
};

/** A body and the end of its turn, to be called when the request is answered. */
export type BodyLease<Body = ReceivedBody> = { readonly body: Body; readonly leave: Leave };

/** 25 MB of attachments are 34 MB in base64; texts and JSON take the rest. */
export const MAX_BODY_BYTES = 40 * 1024 * 1024;

/** Room for a body whose length was not announced; it grows by doubling. */
const FIRST_BYTES = 64 * 1024;

/** By then a large body has been stored or refused. */
const BUSY_RETRY_SECONDS = 2;

/** A sender that stops sending is given up after this long. */
const BODY_DEADLINE_MS = 60_000;

/** Arrays and objects in one another: nothing documented comes near, and V8 cannot write much deeper ones. */
const MAX_DEPTH = 100;

/** How a body is read: whether it is hashed, and its own limit where that is lower. */
type ReadOptions = { readonly hash: boolean; readonly limitBytes?: number };

/** Reads and parses a JSON body; with `hash`, its SHA-256 too. */
export async function readJsonBody(
  request: Request,
  options: ReadOptions,
): Promise<Result<BodyLease, Problem>> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("Content-Type") ?? "")) {
    return fail({ kind: "unsupported_media_type", wanted: "application/json" });
  }
  const read = await readBytes(request, options);
  if (!read.ok) return read;
  const { body, leave } = read.value;
  try {
    const json = parseJson(body.bytes);
    if (!isDeeperThan(body.bytes, MAX_DEPTH)) return ok({ body: { json, hash: body.hash }, leave });
    leave();
    return fail(tooDeep);
  } catch (error) {
    leave();
    const reason = error instanceof Error ? error.message : "unreadable";
    return fail({ kind: "malformed_body", reason: `the body is not valid JSON: ${reason}` });
  }
}

/** Reads a body into one buffer; with `hash`, its SHA-256 too. */
export async function readBytes(
  request: Request,
  options: ReadOptions,
): Promise<Result<BodyLease<ReceivedBytes>, Problem>> {
  const gate = bodyGate(options.limitBytes ?? MAX_BODY_BYTES);
  try {
    const bytes = await readAll(request, gate);
    if (!bytes.ok) {
      gate.leave();
      return bytes;
    }
    const hash = options.hash ? await sha256Hex(bytes.value) : "";
    return ok({ body: { bytes: bytes.value, hash }, leave: gate.leave });
  } catch {
    gate.leave();
    return fail(broken);
  }
}

type BodyGate = {
  /** Why a body of this many bytes cannot be taken, or null. */
  readonly admit: (bytes: number) => Problem | null;
  readonly leave: Leave;
};

/** Keeps one body within its limits. */
function bodyGate(limitBytes: number): BodyGate {
  let leave: Leave | null = null;
  return {
    admit(bytes) {
      if (bytes > limitBytes) return { kind: "too_large", what: "the request body", limitBytes };
      if (bytes <= LARGE_BYTES || leave) return null;
      leave = tryEnter();
      return leave ? null : busy;
    },
    leave: () => leave?.(),
  };
}

const tooDeep: Problem = {
  kind: "malformed_body",
  reason: `the body has more than ${MAX_DEPTH} arrays and objects in one another`,
};

const busy: Problem = {
  kind: "unavailable",
  reason: "another large message is being handled; send this one again",
  retryAfterSeconds: BUSY_RETRY_SECONDS,
};

const broken: Problem = { kind: "malformed_body", reason: "the body ended before it was complete" };

const tooSlow: Problem = {
  kind: "malformed_body",
  reason: `the body did not arrive within ${BODY_DEADLINE_MS / 1000} s`,
};

function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
}

/** Bytes that are read at once, at least and at most. */
const MIN_PIECE_BYTES = 4_096;
const MAX_PIECE_BYTES = 65_536;

/** No more room than a small body needs. */
function pieceBytes(announced: number): number {
  if (!(announced > 0)) return MAX_PIECE_BYTES;
  return Math.ceil(Math.min(Math.max(announced, MIN_PIECE_BYTES), MAX_PIECE_BYTES));
}

/** Reads the body into one buffer, asking the gate before it grows past a limit. */
async function readAll(
  request: Request,
  gate: BodyGate,
): Promise<Result<Uint8Array<ArrayBuffer>, Problem>> {
  const announced = Number(request.headers.get("Content-Length") ?? 0);
  const refused = gate.admit(announced);
  if (refused) return fail(refused);
  // A reader of its own buffers is told more at once: by itself workerd hands out 4 KB at a time.
  const reader = request.body?.getReader({ mode: "byob" });
  if (!reader) return ok(new Uint8Array());
  let piece = new Uint8Array(pieceBytes(announced));
  let buffer = new Uint8Array(announced > 0 ? announced : FIRST_BYTES);
  let length = 0;
  let late = false;
  // Cancelling ends the pending read, and with it the loop.
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel("too slow");
  }, BODY_DEADLINE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.readAtLeast(piece.length, piece);
      const problem = gate.admit(length + (value?.length ?? 0));
      if (problem) return fail(problem);
      if (value) {
        buffer = withRoomFor(buffer, length + value.length);
        buffer.set(value, length);
        length += value.length;
        piece = new Uint8Array(value.buffer);
      }
      if (done) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return late ? fail(tooSlow) : ok(buffer.subarray(0, length));
}

function withRoomFor(buffer: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes <= buffer.length) return buffer;
  const larger = new Uint8Array(Math.max(bytes, Math.min(buffer.length * 2, MAX_BODY_BYTES)));
  larger.set(buffer);
  return larger;
}

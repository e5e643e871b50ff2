// Speaks to a tenant's Worker over HTTP(S): one JSON call, and one upload that is written piece by piece.
// Knows deadlines and broken connections; follows no redirect; knows nothing of SMTP.
import * as http from "node:http";
import * as https from "node:https";
import * as z from "zod";
import { reasonOf } from "../src/lib/log.ts";
import { fail, ok, type Result } from "../src/lib/result.ts";
import type { Tenant } from "./tenants.ts";

/** What the Worker said. `code`, `message` and `field` are "" or null when there is no error object. */
export type WorkerAnswer = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly data: unknown;
  /** Seconds of Retry-After, or null. */
  readonly retryAfter: number | null;
};

/** The answer, or why there is none. */
export type Answered = Result<WorkerAnswer, string>;

/** A request whose body is being written. */
export type Upload = {
  /** Writes one piece and waits until there is room for the next; false once nobody reads any more. */
  readonly write: (piece: Buffer) => Promise<boolean>;
  /** The body is complete. */
  readonly end: () => void;
  /** Cuts the connection: the Worker sees a broken body and stores nothing. */
  readonly abort: (reason: string) => void;
  /** Settles once, never rejects. */
  readonly answer: Promise<Answered>;
};

/** The way to all Workers, over kept connections. */
export type WorkerClient = {
  /** Posts JSON and answers within `deadlineMs`. */
  readonly call: (
    tenant: Tenant,
    path: string,
    body: object,
    deadlineMs: number,
  ) => Promise<Answered>;
  /** Opens an upload; `length` is the body's size in bytes when it is known. */
  readonly upload: (tenant: Tenant, path: string, options: UploadOptions) => Upload;
  /** Closes the connections. */
  readonly close: () => void;
};

/** How an upload is made. */
export type UploadOptions = {
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number | null;
  /** A Worker that takes nothing for so long is given up. */
  readonly stallMs: number;
};

/** Answers are small; one that is not is no answer. */
const MAX_ANSWER_BYTES = 65_536;

/** An unused connection is closed after this; the platform keeps its side open longer. */
const IDLE_CONNECTION_MS = 60_000;

const answerSchema = z.object({
  data: z.unknown().optional(),
  error: z
    .object({
      code: z.string().catch(""),
      message: z.string().catch(""),
      field: z.string().nullable().catch(null),
    })
    .catch({ code: "", message: "", field: null }),
});

/** Opens the way. */
export function createWorkerClient(): WorkerClient {
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
  const open = (
    tenant: Tenant,
    path: string,
    headers: Readonly<Record<string, string | number>>,
  ): http.ClientRequest => {
    const url = new URL(path, tenant.workerUrl);
    const all = { authorization: `Bearer ${tenant.secret}`, ...headers };
    return url.protocol === "https:"
      ? https.request(url, { method: "POST", headers: all, agent: agents["https:"] })
      : http.request(url, { method: "POST", headers: all, agent: agents["http:"] });
  };
  return {
    async call(tenant, path, body, deadlineMs) {
      const text = Buffer.from(JSON.stringify(body));
      const type = "application/json";
      const headers = { "content-type": type, "content-length": text.length };
      const request = open(tenant, path, headers);
      const answer = answerOf(request);
      const timer = setTimeout(() => request.destroy(new Error("no answer in time")), deadlineMs);
      request.end(text);
      return await answer.finally(() => clearTimeout(timer));
    },
    upload(tenant, path, { headers, length, stallMs }) {
      const known = length === null ? {} : { "content-length": length };
      return uploadOf(open(tenant, path, { ...headers, ...known }), stallMs);
    },
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}

function uploadOf(request: http.ClientRequest, stallMs: number): Upload {
  let settled = false;
  const answer = answerOf(request).finally(() => {
    settled = true;
    // An answer that came before the end of the body: the rest has no reader.
    if (!request.writableEnded) request.destroy();
  });
  return {
    answer,
    async write(piece) {
      if (settled) return false;
      if (request.write(piece)) return true;
      const drained = Promise.withResolvers<void>();
      const timer = setTimeout(() => request.destroy(new Error("takes no more data")), stallMs);
      request.once("drain", drained.resolve);
      await Promise.race([drained.promise, answer]);
      clearTimeout(timer);
      request.off("drain", drained.resolve);
      return !settled;
    },
    end: () => void request.end(),
    abort: (reason) => void request.destroy(new Error(reason)),
  };
}

function answerOf(request: http.ClientRequest): Promise<Answered> {
  const answer = Promise.withResolvers<Answered>();
  let answering = false;
  const failed = (reason: string): void => {
    // Once the answer comes, it alone tells: the rest of the request may well fail.
    if (!answering) answer.resolve(fail(reason));
  };
  request.once("response", (response) => {
    answering = true;
    readAnswer(response).then(answer.resolve, (error: unknown) => {
      request.destroy();
      answer.resolve(fail(reasonOf(error)));
    });
  });
  request.on("error", (error) => failed(error.message));
  request.once("close", () => failed("connection closed without an answer"));
  return answer.promise;
}

async function readAnswer(response: http.IncomingMessage): Promise<Answered> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response) {
    if (!Buffer.isBuffer(piece)) continue;
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("answer too long");
    pieces.push(piece);
  }
  const { data, error } = parseAnswer(Buffer.concat(pieces).toString());
  const retryAfter = Number.parseInt(response.headers["retry-after"] ?? "", 10);
  return ok({
    status: response.statusCode ?? 0,
    data,
    ...error,
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : null,
  });
}

function parseAnswer(text: string): z.infer<typeof answerSchema> {
  const nothing = { data: undefined, error: { code: "", message: "", field: null } };
  try {
    return answerSchema.catch(nothing).parse(JSON.parse(text));
  } catch {
    // A proxy's error page: the status says enough.
    return nothing;
  }
}

// A scripted Worker for the gateway: speaks `/internal/smtp/auth` and `/internal/smtp/ingest` as the real
// one does, misbehaves as it is told, and remembers what it got: whole messages and broken ones apart.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { listenOnLoopback } from "./listen.ts";

/** A user name that may sign in. */
export type PeerCredential = {
  readonly password: string;
  readonly maxSize?: number;
  readonly requireTls?: boolean;
};

/** What the peer does instead of its normal answer. */
export type WorkerAct =
  | {
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly field?: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Wait this many milliseconds first. */
      readonly delay?: number;
      /** Answer when the head of the request is there, before its body. */
      readonly early?: boolean;
    }
  /** `hang` reads and never answers, `stall` does not even read, `reset` cuts the connection. */
  | { readonly drop: "hang" | "stall" | "reset"; readonly delay?: number }
  /** The normal answer, late. */
  | { readonly delay: number };

/** How the peer is set up. */
export type WorkerScript = {
  readonly secret: string;
  readonly credentials: Readonly<Record<string, PeerCredential>>;
  /** Called for each request; null is the normal answer. */
  auth?: (question: AuthAsked) => WorkerAct | null;
  ingest?: (headers: Ingested["headers"]) => WorkerAct | null;
  port?: number;
};

/** A message that arrived, whole or cut. */
export type Ingested = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly whole: boolean;
};

/** What was asked at AUTH. */
export type AuthAsked = {
  readonly username: string;
  readonly peer_ip: string;
  readonly tls: boolean;
};

/** A running peer. */
export type SubmissionWorker = {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly AuthAsked[];
  /** Messages that were stored (answered 200), without those that were replayed. */
  readonly stored: readonly Ingested[];
  /** Everything that reached ingest. */
  readonly ingested: readonly Ingested[];
  readonly stop: () => Promise<void>;
};

const questionSchema = z.object({
  username: z.string(),
  password: z.string(),
  peer_ip: z.string(),
  tls: z.boolean(),
});

/** 1,000 recipients stand in one header. */
const MAX_HEADER_BYTES = 131_072;

const DEFAULT_MAX_SIZE = 41_943_040;

/** Starts the peer on a free loopback port. */
export async function startSubmissionWorker(script: WorkerScript): Promise<SubmissionWorker> {
  const asked: AuthAsked[] = [];
  const ingested: Ingested[] = [];
  const stored: Ingested[] = [];
  const ids = new Map<string, string>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${script.secret}`) {
      return refuse(response, 401, "unauthorized", "the gateway is not known here");
    }
    if (request.url === "/internal/smtp/auth") return await auth(request, response);
    if (request.url === "/internal/smtp/ingest") return await ingest(request, response);
    refuse(response, 404, "not_found", "there is nothing here");
  }

  async function auth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { body } = await read(request);
    const { password, ...question } = questionSchema.parse(JSON.parse(body.toString()));
    asked.push(question);
    if (await misbehave(response, script.auth?.(question) ?? null)) return;
    const known = script.credentials[question.username];
    if (known?.password !== password) {
      return refuse(response, 401, "invalid_credentials", "wrong user name or password");
    }
    if (known.requireTls === true && !question.tls) {
      return refuse(response, 403, "tls_required", "this credential needs TLS");
    }
    json(response, 200, {
      data: {
        credential_id: `id of ${question.username}`.replaceAll(" ", "-"),
        max_size: known.maxSize ?? DEFAULT_MAX_SIZE,
        mail_class: null,
        require_tls: known.requireTls ?? false,
      },
    });
  }

  async function ingest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const act = script.ingest?.(headersOf(request)) ?? null;
    if (act && "drop" in act && act.drop === "stall") return;
    if (act && "early" in act) return void (await misbehave(response, act));
    const message = { headers: headersOf(request), ...(await read(request)) };
    ingested.push(message);
    if (!message.whole || (await misbehave(response, act))) return;
    const key = keyOf(message);
    const known = key === null ? undefined : ids.get(key);
    const id = known ?? crypto.randomUUID();
    if (key !== null) ids.set(key, id);
    if (known === undefined) stored.push(message);
    json(response, 200, { data: { message_id: id } });
  }

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const port = await listenOnLoopback(server, script.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    asked,
    stored,
    ingested,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether the act took the place of the answer. */
async function misbehave(response: ServerResponse, act: WorkerAct | null): Promise<boolean> {
  if (act === null) return false;
  if (act.delay !== undefined) await sleep(act.delay);
  if ("drop" in act) {
    if (act.drop === "reset") response.socket?.resetAndDestroy();
    return true;
  }
  if (!("status" in act)) return false;
  const { status, code = "some_code", message = "some words", field, headers = {} } = act;
  json(response, status, { error: { code, message, field, request_id: "r" } }, headers);
  return true;
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  json(response, status, { error: { code, message, request_id: "r" } });
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<{ body: Buffer; whole: boolean }> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(Buffer.from(piece));
    return { body: Buffer.concat(pieces), whole: request.complete };
  } catch {
    return { body: Buffer.concat(pieces), whole: false };
  }
}

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
}

/** As the Worker: only a message with a Message-ID can be known again. */
function keyOf({ headers, body }: Ingested): string | null {
  if (!/^message-id:/im.test(body.toString("latin1"))) return null;
  const own = ["x-credential-id", "x-envelope-from", "x-envelope-to"].map((name) => headers[name]);
  return createHash("sha256").update(own.join("\n")).update(body).digest("hex");
}

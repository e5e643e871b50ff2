// A scripted HTTP receiver: answers the n-th request as the script says and remembers what it got.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { listenOnLoopback } from "./listen.ts";
import type { HttpReceiverLog, HttpReply, HttpRequestSeen, HttpScript } from "./script.ts";

/** A started receiver. */
export type Receiver = {
  readonly port: number;
  readonly log: () => HttpReceiverLog;
  readonly stop: () => Promise<void>;
};

const PIECE = Buffer.alloc(64 * 1024, "x");

/** Listens on a free loopback port, or on the script's. */
export async function startReceiver(script: HttpScript): Promise<Receiver> {
  const requests: HttpRequestSeen[] = [];
  const counts = new Map<string, number>();
  const seen = { open: 0, maxConcurrent: 0, connections: 0 };
  const stopped = new AbortController();
  const server = createServer((request, response) => {
    seen.open += 1;
    seen.maxConcurrent = Math.max(seen.maxConcurrent, seen.open);
    response.once("close", () => (seen.open -= 1));
    serve(request, response).catch((error: unknown) => response.destroy(asError(error)));
  });
  server.on("connection", () => (seen.connections += 1));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    requests.push(seenRequest(request, body));
    await answer(response, nextReply(script, counts, request.url ?? "/"), stopped.signal);
  }

  return {
    port: await listenOnLoopback(server, script.port ?? 0),
    log: () => ({ requests, maxConcurrent: seen.maxConcurrent, connections: seen.connections }),
    stop: async () => {
      stopped.abort();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function nextReply(script: HttpScript, counts: Map<string, number>, url: string): HttpReply {
  const path = url.split("?")[0] ?? "/";
  const own = script.paths?.[path];
  const key = own === undefined ? "" : path;
  const replies = own ?? script.replies ?? [];
  const nth = counts.get(key) ?? 0;
  counts.set(key, nth + 1);
  return replies[Math.min(nth, replies.length - 1)] ?? {};
}

async function answer(
  response: ServerResponse,
  reply: HttpReply,
  stop: AbortSignal,
): Promise<void> {
  if (reply.delay !== undefined) await pause(reply.delay, stop);
  if (reply.drop === "hang") return;
  if (reply.drop === "close") return void response.socket?.destroy();
  if (reply.drop === "rst") return void response.socket?.resetAndDestroy();
  response.writeHead(reply.status ?? 200, reply.headers);
  if (reply.bodyBytes !== undefined) await sendBytes(response, reply.bodyBytes, stop);
  if (reply.trickle === undefined) return void response.end(reply.body ?? "");
  for (const byte of Buffer.from(reply.body ?? "")) {
    if (response.destroyed || stop.aborted) return;
    response.write(Buffer.from([byte]));
    await pause(reply.trickle, stop);
  }
  response.end();
}

async function sendBytes(response: ServerResponse, size: number, stop: AbortSignal): Promise<void> {
  for (let left = size; left > 0 && !response.destroyed; left -= PIECE.length) {
    const more = response.write(PIECE.subarray(0, Math.min(left, PIECE.length)));
    if (more) continue;
    await once(response, "drain", { signal: stop }).catch(() => response.destroy());
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function seenRequest(request: IncomingMessage, body: string): HttpRequestSeen {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return {
    at: Date.now(),
    method: request.method ?? "",
    path: request.url ?? "",
    headers,
    body,
  };
}

/** Sleeps, or less when the receiver is stopped. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

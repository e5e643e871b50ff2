// The local HTTP port for operators: `/health` and `/metrics`. Says nothing that is secret, takes nothing.
import { createServer, type Server } from "node:http";
import type { Metrics } from "./metrics.ts";

/** What is told. */
export type Status = {
  readonly metrics: Metrics;
  /** Whether the gateway takes new connections. */
  readonly isServing: () => boolean;
};

/** Makes the server; it listens when it is told to. */
export function statusServer({ metrics, isServing }: Status): Server {
  return createServer((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (path === "/health") {
      const serving = isServing();
      response.writeHead(serving ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify({ status: serving ? "ok" : "stopping" }));
    } else if (path === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(metrics.text());
    } else {
      response.writeHead(404).end();
    }
  });
}

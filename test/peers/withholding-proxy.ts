// Stands between the gateway and a Worker: passes everything on, but keeps the first answer to a message to
// itself, as a network does that breaks at the worst moment.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnLoopback } from "./listen.ts";

/** A running proxy. */
export type WithholdingProxy = {
  readonly url: string;
  /** Settles when the Worker has answered a message and nobody was told. */
  readonly withheld: Promise<void>;
  readonly stop: () => void;
};

const PASSED_ON = /^(?:authorization|content-type|x-.*)$/;

/** Starts it before this Worker. */
export async function startWithholdingProxy(workerUrl: string): Promise<WithholdingProxy> {
  const withheld = Promise.withResolvers<void>();
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const headers = Object.entries(request.headers)
      .filter(([name]) => PASSED_ON.test(name))
      .map(([name, value]): [string, string] => [name, String(value)]);
    const answer = await fetch(new URL(request.url ?? "/", workerUrl), {
      method: "POST",
      headers,
      body: Buffer.concat(pieces),
    });
    const text = await answer.text();
    if (request.url === "/internal/smtp/ingest") return withheld.resolve();
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  return {
    url: `http://127.0.0.1:${await listenOnLoopback(server, 0)}`,
    withheld: withheld.promise,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

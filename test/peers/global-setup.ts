// Starts the control server of the test peers, once per run: tests inside workerd cannot listen, so
// they ask it (client.ts) to start scripted SMTP and HTTP servers and to hand out their logs.
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestProject } from "vitest/node";

import "./client.ts";
import { startReceiver } from "./http-receiver.ts";
import { listenOnLoopback } from "./listen.ts";
import type { PeerRule, SmtpScript } from "./script.ts";
import { startPeer } from "./smtp-peer.ts";
import { testCertificates } from "./trust.ts";

type Running = {
  readonly port: number;
  readonly log: () => object;
  readonly setRules?: (rules: readonly PeerRule[]) => void;
  readonly stop: () => Promise<void>;
};

/** Called by vitest before the first test; what it returns is called after the last. */
// oxlint-disable-next-line import/no-default-export -- vitest takes the default export
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = new Map<string, Running>();
  const { certificates, trusted } = testCertificates();

  async function start(kind: string, script: object): Promise<object> {
    // The border between two halves of the test code: the types of client.ts are the contract.
    const peer: Running =
      kind === "smtp" ? await startPeer(script, certificates) : await startReceiver(script);
    const id = String(running.size + 1);
    running.set(id, peer);
    return { id, port: peer.port };
  }

  async function control(request: IncomingMessage): Promise<object | null> {
    const [, kind = "", id = ""] = (request.url ?? "").split("/");
    if (request.method === "POST") return await start(kind, await readJson(request));
    const peer = running.get(id);
    if (peer === undefined) return null;
    if (request.method === "DELETE") await peer.stop();
    if (request.method === "PUT")
      peer.setRules?.((await readJson<SmtpScript>(request)).rules ?? []);
    return request.method === "GET" ? peer.log() : {};
  }

  const server = createServer((request, response) => {
    control(request).then(
      (answer) => send(response, answer === null ? 404 : 200, JSON.stringify(answer)),
      (error: unknown) => send(response, 500, String(error)),
    );
  });
  const port = await listenOnLoopback(server, 0);
  project.provide("peers", `http://127.0.0.1:${port}`);
  project.provide("peersTrusted", trusted);
  project.provide("snsSigner", certificates.sns);
  return async () => {
    await Promise.all([...running.values()].map((peer) => peer.stop()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function readJson<T extends object>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body: T = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  return body;
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}

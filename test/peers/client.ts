// Starts and reads scripted peers from a test that runs inside workerd: plain fetch to the control
// server of global-setup.ts. Imports nothing of Node.
import { inject } from "vitest";

import type {
  HttpReceiverLog,
  HttpRequestSeen,
  HttpScript,
  PeerRule,
  SmtpPeerLog,
  SmtpScript,
} from "./script.ts";

declare module "vitest" {
  // The merge needs an interface.
  interface ProvidedContext {
    /** Base URL of the control server of the test peers. */
    peers: string;
    /** True when this workerd trusts the CA of the peers' `trusted` certificate. */
    peersTrusted: boolean;
    /** Key (PKCS #8) and certificate, both PEM, that sign what SNS would sign. */
    snsSigner: { readonly key: string; readonly cert: string };
  }
}

/** A running scripted SMTP server; the test that started it stops it. */
export type SmtpPeer = {
  readonly host: string;
  readonly port: number;
  readonly log: () => Promise<SmtpPeerLog>;
  /** Polls the log until `done`, at most `ms` (default 5 s); returns the last log either way. */
  readonly until: (done: (log: SmtpPeerLog) => boolean, ms?: number) => Promise<SmtpPeerLog>;
  /** Replaces the rules; counters and log stay. */
  readonly setRules: (rules: readonly PeerRule[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** A running HTTP receiver; the test that started it stops it. */
export type HttpReceiver = {
  readonly url: string;
  readonly log: () => Promise<HttpReceiverLog>;
  readonly requests: () => Promise<readonly HttpRequestSeen[]>;
  /** Polls until so many requests came, at most `ms` (default 5 s). */
  readonly until: (count: number, ms?: number) => Promise<readonly HttpRequestSeen[]>;
  readonly stop: () => Promise<void>;
};

const POLL_MS = 20;

/** Starts a scripted SMTP server on a free loopback port. */
export async function startSmtpPeer(script: SmtpScript = {}): Promise<SmtpPeer> {
  const started = await call<{ id: string; port: number }>("POST", "/smtp", script);
  const path = `/smtp/${started.id}`;
  const log = (): Promise<SmtpPeerLog> => call<SmtpPeerLog>("GET", path);
  return {
    host: "127.0.0.1",
    port: started.port,
    log,
    until: (done, ms) => poll(log, done, ms),
    setRules: async (rules) => void (await call<object>("PUT", path, { rules })),
    stop: async () => void (await call<object>("DELETE", path)),
  };
}

/** Starts an HTTP server on a free loopback port that answers as scripted. */
export async function startHttpReceiver(script: HttpScript = {}): Promise<HttpReceiver> {
  const started = await call<{ id: string; port: number }>("POST", "/http", script);
  const path = `/http/${started.id}`;
  const log = (): Promise<HttpReceiverLog> => call<HttpReceiverLog>("GET", path);
  return {
    url: `http://127.0.0.1:${started.port}`,
    log,
    requests: async () => (await log()).requests,
    until: async (count, ms) => {
      const last = await poll(log, (seen) => seen.requests.length >= count, ms);
      return last.requests;
    },
    stop: async () => void (await call<object>("DELETE", path)),
  };
}

/** The bytes of a base64 text, such as a logged message's content. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

async function poll<T>(
  read: () => Promise<T>,
  done: (value: T) => boolean,
  ms = 5_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (done(value) || Date.now() >= end) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function call<T extends object>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${inject("peers")}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`peer control ${path}: ${await response.text()}`);
  const answer: T = JSON.parse(await response.text());
  return answer;
}

// Messages that their senders made, and the two doors that take them.
import type { App } from "../../src/app.ts";
import { toBase64, utf8 } from "../../src/lib/bytes.ts";
import { sha256Hex } from "../../src/lib/digest.ts";
import {
  makeCredentialId,
  makePassword,
  type SmtpCredential,
  usernameOf,
} from "../../src/model/smtp-credential.ts";
import { insertCredential, revokeCredential } from "../../src/store/smtp-credential.ts";
import { ask, type TestApp, testApp } from "./world.ts";

/** A message of CRLF lines: header lines, an empty one, body lines. */
export function mime(header: readonly string[], body: readonly string[] = ["Hello"]): string {
  return [...header, "", ...body, ""].join("\r\n");
}

/** A small header, with lines added. */
export function headerWith(...lines: readonly string[]): readonly string[] {
  return ["From: Ann <ann@edgepost.test>", "To: you@example.com", "Subject: Hello", ...lines];
}

/** A small message. */
export const PLAIN = mime(headerWith());

/** Posts a message to /v1/send-raw. */
export function postRaw(
  app: App,
  key: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const own = { "Content-Type": "message/rfc822", "X-Envelope-To": "you@example.com" };
  return ask(app, "POST", "/v1/send-raw", { key, body, headers: { ...own, ...headers } });
}

const GATEWAY = new Uint8Array(32).fill(7);

/** What the gateway of tests says who it is with. */
export const GATEWAY_SECRET = toBase64(GATEWAY);

/** An App with a gateway. */
export function gatewayApp(overrides: Partial<App> = {}): TestApp {
  const app = testApp(overrides);
  return withGateway(app);
}

/** The App with a gateway. */
export function withGateway(app: TestApp): TestApp {
  const gatewaySecrets = [
    { id: "old", secret: utf8("another secret of thirty-two bytes") },
    { id: "new", secret: GATEWAY },
  ];
  return { ...app, config: { ...app.config, gatewaySecrets } };
}

/** Makes an SMTP credential. */
export async function givenCredential(
  app: App,
  change: Partial<SmtpCredential> = {},
): Promise<{ credential: SmtpCredential; username: string; password: string }> {
  const credential: SmtpCredential = {
    id: makeCredentialId(),
    name: "test",
    domain: "edgepost.test",
    senderDomain: null,
    mailClass: null,
    requireTls: false,
    createdAt: 0,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...change,
  };
  const password = makePassword();
  await insertCredential(app.db, await sha256Hex(password), credential);
  if (credential.revokedAt !== null) {
    await revokeCredential(app.db, credential.id, credential.revokedAt);
  }
  return { credential, username: usernameOf(credential), password };
}

/** Asks for a verdict as the gateway does. */
export function logIn(app: App, body: Readonly<Record<string, unknown>>): Promise<Response> {
  const given = { peer_ip: "192.0.2.1", tls: true, ...body };
  return ask(app, "POST", "/internal/smtp/auth", { key: GATEWAY_SECRET, body: given });
}

/** Hands a message over as the gateway does. */
export function handOver(
  app: App,
  credential: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const own = {
    "Content-Type": "message/rfc822",
    "X-Credential-Id": credential,
    "X-Envelope-From": "ann@edgepost.test",
    "X-Envelope-To": "you@example.com",
    "X-Peer-Ip": "192.0.2.1",
    "X-Tls": "true",
    ...headers,
  };
  return ask(app, "POST", "/internal/smtp/ingest", { key: GATEWAY_SECRET, body, headers: own });
}

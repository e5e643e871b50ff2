// What the SMTP tests share: a relay login for a peer, short deadlines, transactions, and a way to read
// an ending in one line. No test in here.
import { openSession } from "../../../src/deliver/smtp/client.ts";
import type { Unusable } from "../../../src/deliver/smtp/client.ts";
import type { SmtpSession } from "../../../src/deliver/smtp/session.ts";
import { dial } from "../../../src/deliver/smtp/socket.ts";
import type {
  Deadlines,
  Dial,
  Ending,
  RelayLogin,
  Transaction,
} from "../../../src/deliver/smtp/transaction.ts";
import type { Result } from "../../../src/lib/result.ts";
import { startSmtpPeer } from "../../peers/client.ts";
import type { SmtpPeer } from "../../peers/client.ts";
import type { SmtpScript } from "../../peers/script.ts";

/** Short enough to wait for, long enough for a busy machine. */
export const SHORT: Deadlines = {
  connect: 2_000,
  greeting: 2_000,
  command: 2_000,
  tls: 2_000,
  content: 2_500,
  slow: 1_000,
};

/** Patient enough that only a lost reply ends a test. */
export const PATIENT: Deadlines = {
  connect: 10_000,
  greeting: 10_000,
  command: 10_000,
  tls: 10_000,
  content: 10_000,
  slow: 10_000,
};

/** A login without TLS or AUTH for a peer on loopback, changed as asked. */
export function loginFor(peer: { port: number }, change: Partial<RelayLogin> = {}): RelayLogin {
  return {
    host: "localhost",
    port: peer.port,
    tls: "none",
    username: null,
    password: null,
    allowCleartextAuth: false,
    ...change,
  };
}

/** A small transaction to one recipient, changed as asked. */
export function mail(to: string, change: Partial<Transaction> = {}): Transaction {
  return {
    from: "sender@edgepost.test",
    to,
    content: [new TextEncoder().encode(`Subject: to ${to}\r\n\r\nHello.\r\n`)],
    eightBit: false,
    smtputf8: false,
    ...change,
  };
}

/** Opens a session with our own EHLO name. */
export async function open(
  peer: { port: number },
  change: Partial<RelayLogin> = {},
  deadlines: Deadlines = PATIENT,
  by: Dial = dial,
): Promise<Result<SmtpSession, Unusable>> {
  return await openSession(by, loginFor(peer, change), deadlines, "client.edgepost.test");
}

/** Opens a session that must open. */
export async function opened(
  peer: SmtpPeer,
  change: Partial<RelayLogin> = {},
  deadlines: Deadlines = PATIENT,
): Promise<SmtpSession> {
  const session = await open(peer, change, deadlines);
  if (!session.ok) throw new Error(summary(session.error));
  return session.value;
}

/** Runs a test body with a scripted peer and stops the peer whatever happens. */
export async function withPeer<T>(
  script: SmtpScript,
  body: (peer: SmtpPeer) => Promise<T>,
): Promise<T> {
  const peer = await startSmtpPeer(script);
  try {
    return await body(peer);
  } finally {
    await peer.stop();
  }
}

/** Nothing rides behind the content. */
export const nothing = (): undefined => undefined;

/** Nobody waits. */
export const ignore = (): void => undefined;

/** An ending as one line, such as `refused rcpt 550 5.1.1` or `broken content ambiguous`. */
export function summary(ending: Ending): string {
  switch (ending.kind) {
    case "accepted":
      return `accepted ${ending.reply.code}`;
    case "refused":
      return `refused ${ending.step} ${ending.reply.code} ${ending.reply.enhanced ?? "-"}`;
    case "unusable":
      return `unusable ${ending.step} ${ending.reply?.code ?? "-"}`;
    case "broken":
      return `broken ${ending.step}${ending.ambiguous ? " ambiguous" : ""}`;
  }
}

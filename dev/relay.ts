// The local relay: takes every message, shows it in the mailbox, sends nothing on. The local part of
// a recipient plays an outcome, so that every answer of the world can be tried on one machine.
import { createHash } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { MailboxStore } from "./mailbox-store.ts";
import { LOOPBACK } from "./ports.ts";

/** A relay that listens. */
export type Relay = { readonly port: number; readonly close: () => Promise<void> };

/** A message may be this big; more than Edgepost sends. */
const SIZE_LIMIT_BYTES = 50_000_000;

/** How long `slow` takes to answer. */
const SLOW_MS = 10_000;

/** What a recipient's local part plays; anything else is accepted. */
const OUTCOMES = [
  "hard-bounce",
  "mailbox-full",
  "defer-once",
  "spam-block",
  "drop",
  "slow",
] as const;
type Outcome = (typeof OUTCOMES)[number] | "accept";

/** The outcome that an address plays. `hard-bounce+2@example.com` plays as `hard-bounce` does. */
export function outcomeOf(address: string): Outcome {
  const localPart = address.slice(0, address.lastIndexOf("@")).toLowerCase();
  const name = localPart.split("+", 1)[0];
  return OUTCOMES.find((outcome) => outcome === name) ?? "accept";
}

/** Starts the relay on a port of the loopback address; 0 takes a free one. */
export async function startRelay(store: MailboxStore, port: number): Promise<Relay> {
  const sockets = new Map<string, Socket>();
  const server = new SMTPServer({
    name: "relay.edgepost.test",
    banner: "Edgepost local relay",
    disabledCommands: ["AUTH", "STARTTLS"],
    size: SIZE_LIMIT_BYTES,
    disableReverseLookup: true,
    logger: false,
    onRcptTo: (address, _session, done) => done(refusalOf(address.address)),
    onData: (stream, session, done) => {
      void receive(stream, session, store).then((end) => {
        if (end === null) return sockets.get(peerOf(session))?.destroy();
        return end instanceof Error ? done(end) : done(null, end);
      }, done);
    },
  });
  server.server.on("connection", (socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    sockets.set(peer, socket);
    socket.once("close", () => sockets.delete(peer));
  });
  // A client that goes away is no news; a relay that cannot listen is, below.
  server.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
}

function portOf(server: SMTPServer): number {
  const address: AddressInfo | string | null = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the relay does not listen");
  return address.port;
}

function peerOf(session: SMTPServerSession): string {
  return `${session.remoteAddress}:${session.remotePort}`;
}

/** What is refused at RCPT TO, as a server that knows its mailboxes does. */
function refusalOf(address: string): Error | null {
  switch (outcomeOf(address)) {
    case "hard-bounce":
      return reply(550, `5.1.1 <${address}>: Recipient address rejected: User unknown`);
    case "mailbox-full":
      return reply(452, `4.2.2 <${address}>: Mailbox full`);
    case "defer-once":
    case "spam-block":
    case "drop":
    case "slow":
    case "accept":
      return null;
  }
}

/** Takes a whole message and decides what to answer to its final dot; null is no answer at all. */
async function receive(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  store: MailboxStore,
): Promise<string | Error | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    if (Buffer.isBuffer(chunk) && !stream.sizeExceeded) chunks.push(chunk);
  }
  if (stream.sizeExceeded) return reply(552, "5.3.4 Message too big");
  const raw = Buffer.concat(chunks);
  const mailFrom = session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address;
  const rcptTo = session.envelope.rcptTo.map((recipient) => recipient.address);
  const outcomes = rcptTo.map(outcomeOf);
  if (outcomes.includes("spam-block")) return reply(554, "5.7.1 Message refused as spam");
  if (outcomes.includes("drop")) return null;
  const headers = await readHeaders(raw);
  if (outcomes.includes("defer-once") && (await store.isFirst(keyOf(headers.messageId, rcptTo)))) {
    return reply(451, "4.7.1 Greylisted, please try again later");
  }
  if (outcomes.includes("slow")) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  const mail = { mail_from: mailFrom, rcpt_to: rcptTo, subject: headers.subject };
  const { id } = await store.add(mail, raw);
  return `2.0.0 Ok: queued as ${id}`;
}

/** The same message to the same people is the same key on each of its tries. */
function keyOf(messageId: string, recipients: readonly string[]): string {
  const text = [messageId, ...recipients].join("\n");
  return createHash("sha256").update(text).digest("hex");
}

/** Bytes within which the two headers below are looked for. */
const HEADERS_LIMIT_BYTES = 100_000;

async function readHeaders(raw: Buffer): Promise<{ subject: string; messageId: string }> {
  const end = raw.indexOf("\r\n\r\n");
  const length = Math.min(end === -1 ? raw.length : end + 4, HEADERS_LIMIT_BYTES);
  const parsed = await PostalMime.parse(raw.subarray(0, length));
  return { subject: parsed.subject ?? "", messageId: parsed.messageId ?? "" };
}

function reply(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

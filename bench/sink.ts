// The relay at the end: a test peer that says yes to everything, and what it holds. Its own speed is
// measured with a client that does nothing but speak SMTP as fast as it may.
import { connect } from "node:net";
import { type Peer, startPeer } from "../test/peers/smtp-peer.ts";
import { testCertificates } from "../test/peers/trust.ts";

/** A message that the sink took. */
export type Taken = {
  readonly id: string;
  /** Epoch milliseconds at which its final dot arrived. */
  readonly at: number;
  /** What follows the header section, without line ends at its end. */
  readonly body: string;
};

/** Starts a sink on a free port. */
export function startSink(): Promise<Peer> {
  return startPeer({}, testCertificates().certificates);
}

/** What a sink took after the first `skip` messages. */
export function taken(sink: Peer, skip: number): readonly Taken[] {
  return sink
    .log()
    .messages.slice(skip)
    .map(({ content, at }) => {
      const text = Buffer.from(content, "base64").toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const id = /^Message-ID: <([^@\r\n]+)@/im.exec(text.slice(0, end))?.[1] ?? "none";
      return { id, at, body: text.slice(end + 4).trimEnd() };
    });
}

/** Most connections at the same time of those that had not said QUIT yet. */
export function mostBeforeQuit(sink: Peer): number {
  const { connections, lines } = sink.log();
  const quits = lines.filter(({ text }) => text.toUpperCase() === "QUIT");
  const quitAt = new Map(quits.map(({ connection, at }) => [connection, at]));
  const spans = connections.map(({ connection, openedAt, closedAt }) => ({
    from: openedAt,
    to: Math.min(quitAt.get(connection) ?? Infinity, closedAt ?? Infinity),
  }));
  const openAt = (time: number) => spans.filter(({ from, to }) => from <= time && time < to).length;
  return Math.max(...spans.map(({ from }) => openAt(from)));
}

/** Messages a second that a fresh sink takes over so many connections, content and next envelope in one group. */
export async function sinkRate(connections: number, messages: number, bytes: number) {
  const sink = await startSink();
  try {
    const content = `Subject: x\r\n\r\n${"x"
      .repeat(70)
      .concat("\r\n")
      .repeat(bytes / 72)}.\r\n`;
    const start = performance.now();
    const each = messages / connections;
    await Promise.all(Array.from({ length: connections }, () => blast(sink.port, each, content)));
    return messages / ((performance.now() - start) / 1000);
  } finally {
    await sink.stop();
  }
}

const ENVELOPE = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";

function blast(port: number, messages: number, content: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let text = "";
    let greeted = false;
    let sent = 0;
    const hear = (line: string): void => {
      if (line.startsWith("220 ")) socket.write("EHLO bench\r\n");
      else if (line.startsWith("354 ")) {
        sent += 1;
        socket.write(content + (sent < messages ? ENVELOPE : "QUIT\r\n"));
      } else if (line.startsWith("250 ") && !greeted) {
        greeted = true;
        socket.write(ENVELOPE);
      } else if (/^[45]/.test(line)) socket.destroy(new Error(`the sink said ${line}`));
    };
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      const lines = (text + chunk).split("\r\n");
      text = lines.pop() ?? "";
      lines.forEach(hear);
    });
    socket.once("error", reject);
    socket.once("close", () =>
      sent === messages ? resolve() : reject(new Error(`the sink took ${sent} of ${messages}`)),
    );
  });
}

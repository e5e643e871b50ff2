// A raw SMTP client for tests: sends exactly what it is told, byte for byte, and reads replies.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A connection to the gateway. */
export type RawClient = {
  readonly socket: () => Socket;
  /** Writes these characters (Latin-1), adding nothing. */
  readonly write: (text: string | Buffer) => void;
  /** The next whole reply, lines joined by \n; rejects when none comes in time. */
  readonly reply: () => Promise<string>;
  /** A command line and its reply. */
  readonly ask: (line: string) => Promise<string>;
  /** STARTTLS: the command, its reply and the handshake. */
  readonly startTls: (ca: string) => Promise<void>;
  /** The handshake alone; rejects when it fails. */
  readonly handshake: (ca: string) => Promise<void>;
  /** Everything received that no reply() took. */
  readonly rest: () => string;
  /** Settles when the server has ended the connection. */
  readonly ended: Promise<void>;
  readonly close: () => void;
};

/** How to connect. */
export type Way = {
  readonly port: number;
  /** TLS from the start, trusting this CA. */
  readonly ca?: string;
  /** Source address, such as 127.0.0.5. */
  readonly from?: string;
};

const REPLY_DEADLINE_MS = 15_000;

/** Connects; nothing is read or sent yet. */
export async function connectRaw({ port, ca, from }: Way): Promise<RawClient> {
  const host = "127.0.0.1";
  const tcp = connectTcp({ port, host, ...(from ? { localAddress: from } : {}) });
  let socket: Socket = ca === undefined ? tcp : connectTls({ socket: tcp, ca, host: "localhost" });
  let text = "";
  let wake = (): void => undefined;
  const ended = Promise.withResolvers<void>();
  const listen = (to: Socket): void => {
    to.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      wake();
    });
    to.on("error", () => undefined);
    to.on("close", () => {
      ended.resolve();
      wake();
    });
  };
  listen(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once(ca === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
  });

  async function reply(): Promise<string> {
    const deadline = Date.now() + REPLY_DEADLINE_MS;
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\r\n)*\d{3}(?: [^\n]*)?\r\n/.exec(text);
      if (whole) {
        text = text.slice(whole[0].length);
        return whole[0].trimEnd().replaceAll("\r\n", "\n");
      }
      if (socket.destroyed) throw new Error(`closed; received ${JSON.stringify(text)}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no reply; received ${JSON.stringify(text)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function handshake(trusted: string): Promise<void> {
    tcp.removeAllListeners("data");
    socket = connectTls({ socket: tcp, ca: trusted, host: "localhost" });
    listen(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
  }

  const write = (data: string | Buffer): void => {
    socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  };
  const ask = (line: string): Promise<string> => {
    write(`${line}\r\n`);
    return reply();
  };
  return {
    socket: () => socket,
    write,
    reply,
    ask,
    async startTls(trusted) {
      const answer = await ask("STARTTLS");
      if (!answer.startsWith("220")) throw new Error(answer);
      await handshake(trusted);
    },
    handshake,
    rest: () => text,
    ended: ended.promise,
    close: () => void socket.destroy(),
  };
}

/** Greeting, EHLO and AUTH PLAIN in one go; the connection stands before MAIL. */
export async function signIn(way: Way, username: string, password: string): Promise<RawClient> {
  const client = await connectRaw(way);
  await client.reply();
  await client.ask("EHLO client.test");
  const answer = await client.ask(`AUTH PLAIN ${plain(username, password)}`);
  if (!answer.startsWith("235")) throw new Error(answer);
  return client;
}

/** The initial response of AUTH PLAIN (RFC 4616). */
export function plain(username: string, password: string, authzid = ""): string {
  return base64(`${authzid}\0${username}\0${password}`);
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** MAIL, RCPT for each, DATA and the content; the reply to the final dot. Throws at another refusal. */
export async function submit(
  client: RawClient,
  mail: { readonly from?: string; readonly to: readonly string[]; readonly content: string },
): Promise<string> {
  const lines = [`MAIL FROM:<${mail.from ?? "hello@edgepost.test"}>`];
  lines.push(...mail.to.map((one) => `RCPT TO:<${one}>`));
  for (const line of lines) {
    const answer = await client.ask(line);
    if (!answer.startsWith("250")) throw new Error(`${line}: ${answer}`);
  }
  const answer = await client.ask("DATA");
  if (!answer.startsWith("354")) throw new Error(answer);
  client.write(`${mail.content}\r\n.\r\n`);
  return await client.reply();
}

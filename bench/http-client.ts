// A small HTTP/1.1 client on raw sockets: it shares two processors with what it measures, and node:http
// would use five times as much of them. Knows what workerd answers and refuses everything else.
import { connect, type Socket } from "node:net";

/** One request to send. */
export type Sent = {
  readonly method: "GET" | "HEAD" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What came back. */
export type Answer = {
  readonly status: number;
  readonly messageId: string | null;
  readonly location: string | null;
  readonly body: string;
};

/** Kept-alive connections to one server; as many as are asked for at the same time. */
export class Connections {
  readonly #host: string;
  readonly #port: number;
  readonly #all = new Set<Connection>();
  #idle: Connection[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  async ask(sent: Sent): Promise<Answer> {
    const connection = this.#take();
    const answer = await connection.ask(sent);
    if (connection.usable) this.#idle.push(connection);
    return answer;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
    this.#idle = [];
  }

  #take(): Connection {
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) if (kept.usable) return kept;
    const made = new Connection(connect({ host: this.#host, port: this.#port, noDelay: true }));
    this.#all.add(made);
    return made;
  }
}

/** One connection, one request at a time. */
class Connection {
  usable = true;
  readonly #socket: Socket;
  #input: Buffer = Buffer.alloc(0);
  #asked: PromiseWithResolvers<Answer> | null = null;
  #method: Sent["method"] = "GET";

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the connection was closed before the answer")));
  }

  ask({ method, path, headers, body }: Sent): Promise<Answer> {
    const asked = Promise.withResolvers<Answer>();
    this.#asked = asked;
    this.#method = method;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = Buffer.byteLength(body);
    this.#socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join("")}content-length: ${length}\r\n\r\n${body}`,
    );
    return asked.promise;
  }

  close(): void {
    this.usable = false;
    this.#socket.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    const answer = parseAnswer(this.#input, this.#method);
    if (answer === null) return;
    this.#input = Buffer.alloc(0);
    if (answer instanceof Error) return this.#end(answer);
    const asked = this.#asked;
    this.#asked = null;
    asked?.resolve(answer);
  }

  #end(error: Error): void {
    this.close();
    const asked = this.#asked;
    this.#asked = null;
    asked?.reject(error);
  }
}

/** The answer in these bytes; null while it is incomplete, an Error when it is none that we know. */
function parseAnswer(bytes: Buffer, method: Sent["method"]): Answer | Error | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = bytes.toString("latin1", 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const hasBody = method !== "HEAD";
  if (Number.isNaN(status) || (hasBody && length === undefined)) {
    return new Error(`no such answer: ${head}`);
  }
  const body = bytes.subarray(headEnd + 4);
  if (hasBody && body.length < Number(length)) return null;
  const messageId = /^x-message-id: *(\S+)/im.exec(head)?.[1] ?? null;
  const location = /^location: *(\S+)/im.exec(head)?.[1] ?? null;
  return { status, messageId, location, body: body.toString("utf8") };
}

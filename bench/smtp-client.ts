// A small SMTP client on raw sockets, as fast as the dialogue allows: the envelope in one group, one round
// trip for it and one for the content. Signs in once and sends message after message.
import { connect } from "node:net";

/** Where to send, and as whom. */
export type Submitter = {
  readonly port: number;
  readonly username: string;
  readonly password: string;
};

/** One message. */
export type Submission = {
  readonly from: string;
  readonly to: string;
  /** Ends with CRLF and has no line that begins with a dot. */
  readonly content: string;
};

/** Sends until `next` has nothing more; tells the reply to each final dot. Rejects at any other refusal. */
export function submitAll(
  { port, username, password }: Submitter,
  next: () => Submission | null,
  onReply: (reply: string) => void,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const login = Buffer.from(`\0${username}\0${password}`).toString("base64");
  let [text, mail]: [string, Submission | null] = ["", null];
  const begin = (): void => {
    mail = next();
    if (mail === null) return void socket.end("QUIT\r\n");
    socket.write(`MAIL FROM:<${mail.from}>\r\nRCPT TO:<${mail.to}>\r\nDATA\r\n`);
  };
  // Replies in their order: greeting, EHLO, AUTH; then 250, 250, 354 and the final one for each message.
  let waiting: "greeting" | "ehlo" | "auth" | "envelope" | "dot" = "greeting";
  const hear = (line: string): void => {
    if (line.charAt(3) === "-" || line.startsWith("221")) return;
    if (waiting === "dot") {
      waiting = "envelope";
      onReply(line);
      begin();
    } else if (/^[45]/.test(line)) {
      socket.destroy(new Error(`the gateway said ${line}`));
    } else if (waiting === "greeting") {
      waiting = "ehlo";
      socket.write("EHLO bench\r\n");
    } else if (waiting === "ehlo") {
      waiting = "auth";
      socket.write(`AUTH PLAIN ${login}\r\n`);
    } else if (waiting === "auth") {
      waiting = "envelope";
      begin();
    } else if (line.startsWith("354")) {
      waiting = "dot";
      socket.write(`${mail?.content ?? ""}.\r\n`);
    }
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    const lines = (text + chunk).split("\r\n");
    text = lines.pop() ?? "";
    lines.forEach(hear);
  });
  socket.once("error", done.reject);
  socket.once("close", () =>
    mail === null ? done.resolve() : done.reject(new Error("the gateway closed the connection")),
  );
  return done.promise;
}

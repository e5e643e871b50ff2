// The plain-Node reference of goal 8, a process of its own: HTTP, SQLite (WAL, synchronous=FULL) with grouped
// commits, and nodemailer's pool. `node reference-stack.ts DATABASE RELAY_PORT` prints its port. It keeps a mail
// until the relay took it and takes up what an earlier run left; it does nothing else.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { createTransport } from "nodemailer";
import * as z from "zod";
import { listenOnLoopback } from "../test/peers/listen.ts";

/** As many as the Worker opens. */
const CONNECTIONS = 4;
/** More at once only wait in the pool. */
const IN_FLIGHT = 64;

const sendSchema = z.object({
  email: z.object({
    from: z.string(),
    subject: z.string(),
    text: z.string(),
    recipients: z.object({ to: z.array(z.object({ email: z.string() })) }),
  }),
});

const [, , file = "", relayPort = ""] = process.argv;
const database = new DatabaseSync(file);
database.exec("pragma journal_mode = wal; pragma synchronous = full");
database.exec("create table if not exists mails (id integer primary key, body text not null)");
const insert = database.prepare("insert into mails (body) values (?) returning id, body");
const remove = database.prepare("delete from mails where id = ?");
const mailSchema = z.object({ id: z.number(), body: z.string() });
type Mail = z.output<typeof mailSchema>;

const pool = createTransport({
  pool: true,
  host: "127.0.0.1",
  port: Number(relayPort),
  maxConnections: CONNECTIONS,
  maxMessages: Infinity,
  ignoreTLS: true,
});

const waiting: Mail[] = z.array(mailSchema).parse(database.prepare("select * from mails").all());
let changes: (() => () => void)[] = [];
let inFlight = 0;

/** Makes a change in the next commit; what it returns is called once that is on the disk. */
function commitSoon(change: () => () => void): void {
  if (changes.length === 0) setImmediate(commit);
  changes.push(change);
}

function commit(): void {
  const all = changes;
  changes = [];
  database.exec("begin immediate");
  const done = all.map((change) => change());
  database.exec("commit");
  for (const told of done) told();
}

function pump(): void {
  while (inFlight < IN_FLIGHT) {
    const mail = waiting.shift();
    if (mail === undefined) return;
    inFlight += 1;
    void deliver(mail);
  }
}

async function deliver({ id, body }: Mail): Promise<void> {
  const { from, subject, text, recipients } = sendSchema.parse(JSON.parse(body)).email;
  await pool.sendMail({ from, subject, text, to: recipients.to.map(({ email }) => email) });
  inFlight -= 1;
  commitSoon(() => {
    remove.run(id);
    return () => undefined;
  });
  pump();
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces).toString();
    sendSchema.parse(JSON.parse(body));
    commitSoon(() => {
      const mail = mailSchema.parse(insert.get(body));
      return () => {
        response.writeHead(200, { "content-length": "0", "x-message-id": String(mail.id) });
        response.end();
        waiting.push(mail);
        pump();
      };
    });
  });
});
const port = await listenOnLoopback(server, 0);
pump();
console.log(port);

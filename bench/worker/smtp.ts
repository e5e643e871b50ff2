// The leg `smtp` inside workerd: so many messages over one connection, by our client or by worker-mailer. The
// messages are made beforehand, as far as the client allows.
import { LogLevel, WorkerMailer } from "worker-mailer";
import * as z from "zod";
import { openSession } from "../../src/deliver/smtp/client.ts";
import { SMTP_DEADLINES } from "../../src/deliver/smtp/deadlines.ts";
import { dial } from "../../src/deliver/smtp/socket.ts";
import type { Transaction } from "../../src/deliver/smtp/transaction.ts";
import { utf8 } from "../../src/lib/bytes.ts";

export * from "../../src/index.ts";

const HOST = "127.0.0.1";
const ADDRESSES = { from: "sender@example.com", to: "reader@example.com" };

const orderSchema = z.object({ port: z.number(), messages: z.number(), text: z.string() });
type Order = z.output<typeof orderSchema>;

// oxlint-disable-next-line import/no-default-export -- a Worker's entry
export default {
  async fetch(request) {
    const order = orderSchema.parse(await request.json());
    const { pathname } = new URL(request.url);
    const send = pathname === "/ours" ? ours : workerMailer;
    try {
      return Response.json({ accepted: await send(order) });
    } catch (error) {
      return new Response(error instanceof Error ? error.message : String(error), { status: 500 });
    }
  },
} satisfies ExportedHandler;

/** Sends over one session, each envelope with the content before it; how many were accepted. */
async function ours({ port, messages, text }: Order): Promise<number> {
  const login = { username: null, password: null, allowCleartextAuth: true } as const;
  const relay = { host: HOST, port, tls: "none", ...login } as const;
  const opened = await openSession(dial, relay, SMTP_DEADLINES, "bench.example.com");
  if (!opened.ok) throw new Error(opened.error.reason);
  const session = opened.value;
  const transaction = transactionsOf(text);
  let [accepted, ahead] = [0, transaction(1)];
  for (let n = 1; n <= messages; n++) {
    const [now, next] = [ahead, n < messages ? transaction(n + 1) : "quit"] as const;
    const ending = await session.send(
      now,
      () => next,
      () => undefined,
    );
    if (ending.kind === "accepted") accepted += 1;
    if (next !== "quit") ahead = next;
  }
  return accepted;
}

/** Messages that differ in their Message-ID; the rest of each is the same bytes. */
function transactionsOf(text: string): (n: number) => Transaction {
  const rest = utf8(`From: <${ADDRESSES.from}>\r\nSubject: Order\r\n\r\n${text}\r\n`);
  const plain = { ...ADDRESSES, eightBit: false, smtputf8: false };
  return (n) => ({ ...plain, content: [utf8(`Message-ID: <${n}@example.com>\r\n`), rest] });
}

async function workerMailer({ port, messages, text }: Order): Promise<number> {
  const options = { host: HOST, port, secure: false, startTls: false };
  const mailer = await WorkerMailer.connect({ ...options, logLevel: LogLevel.NONE });
  let accepted = 0;
  for (; accepted < messages; accepted++) {
    await mailer.send({ ...ADDRESSES, subject: "Order", text });
  }
  await mailer.close();
  return accepted;
}

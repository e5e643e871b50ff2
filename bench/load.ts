// The HTTP side of the benchmark: so many clients, each with one kept-alive connection and one request
// at a time; the emails that they send, and the calls that prepare a leg.
import type * as z from "zod";
import { type Answer, Connections, type Sent } from "./http-client.ts";

/** Clients that go on until `next` has nothing more. */
export type Load = {
  readonly url: string;
  readonly clients: number;
  readonly next: () => Sent | null;
  readonly onAnswer: (answer: Answer, sent: Sent) => void;
};

/** Runs the clients to their end; answers how long it took, from first request to last answer. */
export async function drive({ url, clients, next, onAnswer }: Load): Promise<{ ms: number }> {
  const connections = new Connections(url);
  const start = performance.now();
  async function client(): Promise<void> {
    for (let sent = next(); sent; sent = next()) onAnswer(await connections.ask(sent), sent);
  }
  try {
    await Promise.all(Array.from({ length: clients }, client));
    return { ms: performance.now() - start };
  } finally {
    connections.close();
  }
}

/** What `sendOf` is asked for. */
export type Email = {
  readonly apiKey: string;
  readonly recipient: string;
  readonly text: string;
  readonly html?: string;
  readonly idempotencyKey?: string;
};

/** A send of one email to one recipient; plain text unless it has HTML. */
export function sendOf({ apiKey, recipient, text, html, idempotencyKey }: Email): Sent {
  const email = {
    from: "sender@edgepost.test",
    subject: "Your order",
    text,
    ...(html === undefined ? {} : { html }),
    recipients: { to: [{ email: recipient }] },
  };
  return {
    method: "POST",
    path: "/v1/send-email",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: JSON.stringify({ email }),
  };
}

/** Lines of ASCII, so many characters together, that begin with `start`: no part of it needs encoding. */
export function textOf(start: string, characters: number): string {
  const line = "The quick brown fox jumps over the lazy dog, again and again.\r\n";
  const filled = `${start}\r\n${line.repeat(Math.ceil(characters / line.length))}`;
  return `${filled.slice(0, characters - 3)}...`;
}

/** One call of the management API; throws when the answer is no success. */
export async function manage<T>(
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  [method, path, body]: readonly [method: string, path: string, body: object | null],
  schema: z.ZodType<T>,
): Promise<T> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return schema.parse(JSON.parse(text));
}

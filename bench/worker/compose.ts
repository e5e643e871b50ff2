// The leg `compose` inside workerd: one template for many recipients, made and signed; and bare signatures.
// Answers how many were made and the last of them, base64.
import { Buffer } from "node:buffer";
import * as z from "zod";
import { compose } from "../../src/compose/compose.ts";
import type { DkimSigner } from "../../src/compose/dkim.ts";
import { signed } from "../../src/compose/sign.ts";
import { concat } from "../../src/lib/bytes.ts";
import { importPrivateKey } from "../../src/lib/key-pair.ts";
import type { MessageContent, Recipient } from "../../src/model/message.ts";

export * from "../../src/index.ts";

const orderSchema = z.object({
  messages: z.number(),
  domain: z.string(),
  selector: z.string(),
  /** PKCS #8, base64. */
  key: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
});
type Order = z.output<typeof orderSchema>;
type Make = (n: number) => Promise<Uint8Array>;

/** About what of a header is signed. */
const SIGNED_BYTES = 700;

// oxlint-disable-next-line import/no-default-export -- a Worker's entry
export default {
  async fetch(request) {
    const order = orderSchema.parse(await request.json());
    const make = await makerOf(new URL(request.url).pathname, order);
    if (make === null) return new Response("no such maker", { status: 404 });
    let last = new Uint8Array();
    for (let n = 0; n < order.messages; n++) last = Uint8Array.from(await make(n));
    const made = order.messages;
    return Response.json({ made, last: Buffer.from(last).toString("base64") });
  },
} satisfies ExportedHandler;

async function makerOf(path: string, order: Order): Promise<Make | null> {
  switch (path) {
    case "/built":
    case "/signed":
      return ours(order, path);
    case "/raw":
      return raw(order);
    default:
      return null;
  }
}

/** As the queue's consumer makes them: the content once, each recipient's message from it. */
async function ours(order: Order, kind: "/built" | "/signed"): Promise<Make> {
  const { messages, domain, subject, text, html } = order;
  const content: MessageContent = {
    from: { address: `sender@${domain}`, name: "Shop" },
    replyTo: [],
    subject,
    text,
    html,
    amp: null,
    headers: [],
    variables: Array.from({ length: messages }, (_, n) => ({ name: nameOf(n) })),
    attachments: [],
    attachmentBytes: [],
    tracking: { opens: false, clicks: false },
  };
  const recipients = Array.from({ length: messages }, (_, n) => recipientOf(n));
  const key = await importPrivateKey("rsa-sha256", order.key);
  const signer: DkimSigner = { domain, selector: order.selector, algorithm: "rsa-sha256", key };
  const signing = { signers: kind === "/signed" ? [signer] : [], account: "bench" };
  const about = { createdAt: CREATED_AT, sendId: "bench", mailClass: "transactional" } as const;
  return async (n) => {
    const message = { ...about, id: idOf(n) };
    const recipient = recipients[n % messages] ?? recipientOf(n);
    const mine = { ...content, variables: [{ name: nameOf(n) }] };
    const composed = await compose(message, [recipient], mine, 0, null);
    return concat((await signed(composed, message, signing)).content);
  };
}

/** Signatures and nothing else. */
async function raw(order: Order): Promise<Make> {
  const key = await importPrivateKey("rsa-sha256", order.key);
  const input = new Uint8Array(SIGNED_BYTES);
  return async () => new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, input));
}

const CREATED_AT = 1_738_908_434_000;

function nameOf(n: number): string {
  return `Reader ${n}`;
}

function recipientOf(n: number): Recipient {
  return { address: `reader${n}@example.com`, name: "", role: "to" };
}

function idOf(n: number): string {
  return `01939d6e-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

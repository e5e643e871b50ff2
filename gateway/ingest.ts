// Hands one message to the Worker while it comes in, and answers the final dot with what the Worker says.
// Holds the first 64 KB, so that most messages are complete before the Worker hears of them, then streams
// with the Worker's own pace. What did not arrive whole is cut off, so that the Worker stores nothing.
import type { Readable } from "node:stream";
import * as z from "zod";
import { fail, ok, type Result } from "../src/lib/result.ts";
import {
  refusesGateway,
  type Reply,
  replyToRefusal,
  tooLarge,
  WORKER_UNAVAILABLE,
} from "./reply.ts";
import type { Answered, Upload } from "./worker-client.ts";
import type { Sender, World } from "./world.ts";

/** A message on its way in. */
export type Submission = {
  readonly sender: Sender;
  /** As given in MAIL: "", a local part alone, or an address. */
  readonly from: string;
  /** Canonical addresses. */
  readonly to: readonly string[];
  /** IP address of the client. */
  readonly address: string;
  readonly secure: boolean;
  /** The content after dot-unstuffing; ends at the final dot, fails when the client goes away. */
  readonly content: Readable;
  /** Ends the connection of a client that goes on sending what is far too large. */
  readonly hangUp: () => void;
};

/** The Worker's id of the message, or the reply to refuse it with. */
export type Ingested = Result<{ readonly messageId: string }, Reply>;

/** Most messages are smaller; 2,000 connections that all hold so much need 128 MB. */
const HOLD_BYTES = 65_536;

/** A client that sends byte by byte would cost a hundred times its bytes in small buffers. */
const MAX_PIECES = 64;

/** A client that was told SIZE and sends so many times as much is not listening. */
const HANG_UP_FACTOR = 2;

/** What the Worker says of a credential that it knew otherwise at AUTH. */
const CREDENTIAL_CHANGED: ReadonlySet<string> = new Set(["invalid_credentials", "tls_required"]);

const storedSchema = z.object({ message_id: z.string().regex(/^[\x21-\x7e]{1,100}$/) });

/** What of a message is here: its first bytes, or the request that they went into. */
type Inbox = { size: number; held: Buffer[]; upload: Upload | null };

/** Receives one message to its final dot and stores it; rejects when the client goes away before it. */
export async function ingest(world: World, submission: Submission): Promise<Ingested> {
  const { sender, content } = submission;
  const inbox: Inbox = { size: 0, held: [], upload: null };
  try {
    for await (const chunk of content) {
      if (Buffer.isBuffer(chunk)) await take(world, submission, inbox, chunk);
    }
  } catch (error) {
    inbox.upload?.abort("the client went away");
    world.metrics.count("edgepost_gateway_messages_cut_total");
    throw error;
  } finally {
    world.metrics.count("edgepost_gateway_message_bytes_total", {}, inbox.size);
  }
  const { size, held } = inbox;
  if (size > sender.maxSize) return refused(world, submission, size, tooLarge(sender.maxSize));
  const upload = inbox.upload ?? open(world, submission, size);
  for (const chunk of held) await upload.write(chunk);
  upload.end();
  return await settle(world, submission, { upload, size });
}

/** Holds a piece or passes it on; what is too large is read to its end and let go. */
async function take(
  world: World,
  submission: Submission,
  inbox: Inbox,
  chunk: Buffer,
): Promise<void> {
  const { maxSize } = submission.sender;
  inbox.size += chunk.length;
  if (inbox.size > maxSize) {
    inbox.upload?.abort("message too large");
    inbox.held = [];
    if (inbox.size > maxSize * HANG_UP_FACTOR) submission.hangUp();
    return;
  }
  if (inbox.upload) return void (await inbox.upload.write(chunk));
  inbox.held.push(chunk);
  if (inbox.held.length > MAX_PIECES) inbox.held = [Buffer.concat(inbox.held)];
  if (inbox.size <= HOLD_BYTES) return;
  inbox.upload = open(world, submission, null);
  for (const one of inbox.held.splice(0)) await inbox.upload.write(one);
}

function open(world: World, submission: Submission, length: number | null): Upload {
  const { sender, from, to, address, secure } = submission;
  const headers = {
    "content-type": "message/rfc822",
    "x-credential-id": sender.credentialId,
    "x-envelope-from": from,
    "x-envelope-to": to.join(","),
    "x-peer-ip": address,
    "x-tls": String(secure),
  };
  const stallMs = world.config.limits.workerMs;
  return world.client.upload(sender.tenant, "/internal/smtp/ingest", { headers, length, stallMs });
}

/** Waits for the Worker's answer to a whole message, for a limited time. */
async function settle(
  world: World,
  submission: Submission,
  { upload, size }: { readonly upload: Upload; readonly size: number },
): Promise<Ingested> {
  const dotAt = Date.now();
  const timer = setTimeout(() => upload.abort("no answer in time"), world.config.limits.workerMs);
  const answered = await upload.answer;
  clearTimeout(timer);
  const ms = Date.now() - dotAt;
  world.metrics.observeWait(ms / 1000);
  const stored = answered.ok && answered.value.status === 200;
  const parsed = storedSchema.safeParse(stored ? answered.value.data : null);
  if (!parsed.success)
    return refused(world, submission, size, replyTo(world, submission, answered));
  const messageId = parsed.data.message_id;
  world.metrics.count("edgepost_gateway_messages_total", { code: 250 });
  world.log("info", "accepted", { ...about(submission, size), message_id: messageId, ms });
  return ok({ messageId });
}

function replyTo(world: World, { sender }: Submission, answered: Answered): Reply {
  if (!answered.ok) {
    world.log("error", "ingest_unavailable", { reason: answered.error });
    return WORKER_UNAVAILABLE;
  }
  const { value } = answered;
  // Revoked or changed since AUTH: the next one must ask again.
  if (CREDENTIAL_CHANGED.has(value.code)) world.verdicts.forget(sender.verdictKey);
  const reply = replyToRefusal(value);
  if (reply.code === WORKER_UNAVAILABLE.code || refusesGateway(value)) {
    const reason = `status ${value.status} ${value.code}`;
    world.log("error", "ingest_unavailable", { reason });
  }
  return reply;
}

function refused(world: World, submission: Submission, size: number, reply: Reply): Ingested {
  world.metrics.count("edgepost_gateway_messages_total", { code: reply.code });
  world.log("info", "refused", { ...about(submission, size), code: reply.code, text: reply.text });
  return fail(reply);
}

function about({ sender, to, address, secure }: Submission, size: number) {
  return {
    credential_id: sender.credentialId,
    peer_ip: address,
    tls: secure,
    recipients: to.length,
    size,
  };
}

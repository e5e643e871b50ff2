// POST /v1/send-email/batch: up to 1,000 messages in one call, each a body of E-01 (decision 17).
import * as z from "zod";
import { ok, type Result } from "../../lib/result.ts";
import type { Mailbox } from "../../model/message.ts";
import { MAX_ITEMS } from "../../model/message-item.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { defaultSender } from "../default-sender.ts";
import { endpoint, parse } from "../endpoint.ts";
import { shownAs } from "../json-schema.ts";
import { type BatchEntry, type BatchSend, sendBatch } from "../send-batch.ts";
import { mapSend } from "./map.ts";
import { errorOf } from "./problem.ts";
import { sendBodySchema } from "./schema.ts";

/** The body of a call: as decision 17 says; the platform itself would take five times as much. */
const MAX_CALL_BYTES = 20 * 1024 * 1024;

const count = `must be an array of 1 to ${MAX_ITEMS} messages`;

/** Messages are read one by one, so that one that is refused says nothing of the others. */
const callSchema = z.object({
  messages: shownAs(
    z.array(z.unknown(), count).min(1, count).max(MAX_ITEMS, count),
    z.array(sendBodySchema).min(1).max(MAX_ITEMS),
  ),
  validation: z
    .enum(["strict", "permissive"], "must be strict or permissive")
    .default("strict")
    .describe("strict: all messages are accepted or none"),
});

const errorView = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
});

const entryView = z.object({
  index: z.int().describe("The place of the message in the call"),
  status: z
    .enum(["accepted", "refused", "skipped"])
    .describe("skipped: nothing is wrong with it, but another one was refused"),
  message_id: z.string().optional(),
  lint: z.array(z.string()).optional().describe("The bulk-sender rules that the mail breaks"),
  error: errorView.optional(),
});

const answerView = z.object({ data: z.array(entryView) });

/** What is wrong with the call itself. */
const callError = z.object({ error: errorView.extend({ request_id: z.string() }) });

const batch = endpoint({
  method: "POST",
  path: "/send-email/batch",
  summary: "Accept up to 1,000 emails in one call",
  scope: "send",
  sends: true,
  bodyLimit: MAX_CALL_BYTES,
  description:
    "Each message is a body of `POST /v1/send-email`. With `strict`, which is the default, all are accepted or none; with `permissive` those that may be are. One Idempotency-Key stands for the call. It takes 20 MB at most.",
  request: { body: callSchema },
  response: {
    200: answerView.describe("All messages are accepted"),
    207: answerView.describe("Some messages are accepted, or none (permissive)"),
    400: z.union([answerView, callError]).describe("Nothing is accepted (strict)"),
  },
  async handle(app, { body, key, idempotencyKey, bodyHash }) {
    const sender = await defaultSender(app);
    const sends = body.messages.map((message) => readMessage(message, sender));
    const strict = body.validation === "strict";
    const sent = await sendBatch(app, { key, sends, strict, idempotencyKey, bodyHash });
    if (!sent.ok) return sent;
    const { entries, replayed } = sent.value;
    const all = entries.every(({ kind }) => kind === "accepted");
    return ok({
      status: all ? 200 : strict ? 400 : 207,
      json: { data: entries.map(shownEntry) },
      headers: replayed ? { "Idempotent-Replayed": "true" } : {},
    });
  },
});

/** The operations on many messages. */
export const sendBatchEndpoints = [batch];

/** One message of a call. */
function readMessage(message: unknown, sender: Mailbox | null): Result<BatchSend, Problem> {
  const body = parse<typeof sendBodySchema>(sendBodySchema, message);
  return body.ok ? mapSend(body.value, body.value.from ? null : sender) : body;
}

function shownEntry(entry: BatchEntry, index: number) {
  switch (entry.kind) {
    case "accepted": {
      const { messageId, brokenRules } = entry;
      const lint = brokenRules.length > 0 ? { lint: brokenRules } : {};
      return { index, status: "accepted", message_id: messageId, ...lint };
    }
    case "refused":
      return { index, status: "refused", error: errorOf(inCall(entry.problem, index)) };
    case "skipped":
      return { index, status: "skipped" };
  }
}

/** A problem with the path of what it is about in the call, such as `messages[3].email.subject`. */
function inCall(problem: Problem, index: number): Problem {
  const path = `messages[${index}]`;
  if (problem.kind === "malformed_body") return invalidField(path, problem.reason);
  return "path" in problem ? { ...problem, path: `${path}.${problem.path}` } : problem;
}

// POST /v1/send-raw: a complete MIME message, its envelope beside it. What the SMTP gateway hands over
// takes the same way (accept/internal/ingest.ts).
import * as z from "zod";
import { sha256Hex } from "../../lib/digest.ts";
import { ok } from "../../lib/result.ts";
import { endpoint } from "../endpoint.ts";
import { readEnvelope } from "../envelope.ts";
import { mapRaw } from "../raw-message.ts";
import { type Accepted, send } from "../send.ts";
import { dataOf, one } from "./native.ts";
import { SENT_HEADERS, sentHeaders } from "./sent.ts";

const envelopeQuery = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  // Who asks for one must not find that the mail was sent.
  dry_run: z.undefined("is for POST /v1/send-email only").optional(),
});

/** What `accepted` makes. */
export const ACCEPTED = {
  schema: dataOf(z.object({ message_id: z.string() })),
  headers: SENT_HEADERS,
};

/** Accepts one message. */
export const sendRaw = endpoint({
  method: "POST",
  path: "/send-raw",
  summary: "Accept one MIME message for delivery",
  scope: "send",
  sends: true,
  streams: { type: "message/rfc822", as: "bytes" },
  description:
    "The envelope stands in header fields or in the query: one place for each of its parts.",
  request: {
    query: envelopeQuery,
    headers: {
      "X-Envelope-From": "Who the message is from, as an SMTP client would say it.",
      "X-Envelope-To": "Recipients, separated by commas.",
    },
  },
  response: { 200: ACCEPTED },
  async handle(app, { headers, query, bytes, key, idempotencyKey, bodyHash: hash }) {
    const envelope = readEnvelope(headers, query);
    if (!envelope.ok) return envelope;
    const { from, recipients } = envelope.value;
    const mapped = mapRaw(bytes, envelope.value);
    if (!mapped.ok) return mapped;
    const { command, paths } = mapped.value;
    // The same message to others is another request.
    const addresses = recipients.map(({ address }) => address);
    const bodyHash = hash && (await sha256Hex(JSON.stringify([from, addresses, hash])));
    const sent = await send(app, { key, command, paths, idempotencyKey, bodyHash });
    return sent.ok ? ok(accepted(sent.value)) : sent;
  },
});

/** The answer to an accepted message. */
export function accepted(sent: Accepted) {
  const { messageId } = sent;
  const headers = { "X-Message-Id": messageId, ...sentHeaders(sent) };
  return { ...one({ message_id: messageId }), headers };
}

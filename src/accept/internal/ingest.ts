// POST /internal/smtp/ingest: a message as the gateway received it. A client that got no answer sends it
// again; the same message of the same credential within 24 hours is one.
import { sha256Hex } from "../../lib/digest.ts";
import { fail, ok } from "../../lib/result.ts";
import { invalidField } from "../../model/problem.ts";
import { keyOf } from "../../model/smtp-credential.ts";
import { endpoint } from "../endpoint.ts";
import { type Envelope, readEnvelope } from "../envelope.ts";
import { ACCEPTED, accepted } from "../kasplo/send-raw.ts";
import { mapRaw } from "../raw-message.ts";
import { send } from "../send.ts";
import { usableCredential } from "../smtp-credential.ts";

/** Accepts one message for a credential. */
export const ingest = endpoint({
  method: "POST",
  path: "/smtp/ingest",
  summary: "Accept one message that came over SMTP",
  scope: "send",
  streams: { type: "message/rfc822", as: "bytes" },
  request: {},
  response: { 200: ACCEPTED },
  async handle(app, { headers, bytes }) {
    const id = headers.get("X-Credential-Id");
    if (id === null) return fail(invalidField("X-Credential-Id", "is required"));
    const credential = await usableCredential(app, id);
    if (!credential.ok) return credential;
    const tls = headers.get("X-Tls") === "true";
    if (credential.value.requireTls && !tls) return fail({ kind: "tls_required" });
    const envelope = readEnvelope(headers, {});
    if (!envelope.ok) return envelope;
    const mapped = mapRaw(bytes, envelope.value);
    if (!mapped.ok) return mapped;
    const { command, paths, messageId } = mapped.value;
    const given = { id, envelope: envelope.value, messageId, bytes };
    const bodyHash = messageId === "" ? "" : await submissionHash(given);
    const idempotencyKey = bodyHash === "" ? null : `smtp ${bodyHash}`;
    const key = keyOf(credential.value);
    const sent = await send(app, { key, command, paths, idempotencyKey, bodyHash });
    if (!sent.ok) return sent;
    const peer = headers.get("X-Peer-Ip");
    app.log("info", "smtp_accepted", { message: sent.value.messageId, credential: id, tls, peer });
    return ok(accepted(sent.value));
  },
});

/** What tells one submission from another. */
async function submissionHash({
  id,
  envelope,
  messageId,
  bytes,
}: {
  readonly id: string;
  readonly envelope: Envelope;
  readonly messageId: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}): Promise<string> {
  const to = envelope.recipients.map(({ address }) => address);
  return sha256Hex(JSON.stringify([id, envelope.from, to, messageId, await sha256Hex(bytes)]));
}

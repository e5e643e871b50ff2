// A parsed E-02 body becomes the one command of the core, and a committed send its 202 (contract 1.3).
import { domainOf, formatMailbox } from "../../model/address.ts";
import type { Mailbox, Recipient } from "../../model/message.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type MappedSend, mapSend } from "../kasplo/map.ts";
import type { KasapostBody } from "./schema.ts";

/** Maps a body; `fallback` is the default sender of the key's domain, if it has one. */
export function mapKasapost(
  body: KasapostBody,
  fallback: Mailbox | null,
): Result<MappedSend, Problem> {
  const from = senderOf(body, fallback);
  if (!from.ok) return from;
  const { to, cc, bcc, subject, text, html, reply_to: replyTo, headers } = body;
  return mapSend(
    {
      prefix: "",
      groups: "",
      from: from.value,
      message: { subject, text, html, replyTo, headers },
      recipients: { to: to ?? [], cc: cc ?? [], bcc: bcc ?? [] },
      trackingId: null,
      metadata: { messageId: null, sendId: null, listId: null, mailClass: null, own: {} },
      onAmbiguous: "retry",
      sendAt: null,
    },
    null,
  );
}

/** Whether a request names an address that it is from. */
export function namesSender({ from, from_email: email }: KasapostBody): boolean {
  return (from?.address ?? email ?? null) !== null;
}

function senderOf(body: KasapostBody, fallback: Mailbox | null): Result<Mailbox, Problem> {
  const { from, from_email: email, from_name: name } = body;
  const given = from?.address ?? null;
  if (given !== null && email && given !== email) {
    return fail(
      invalidField("from_email", "differs from the address in from; give one of the two"),
    );
  }
  const address = given ?? email ?? fallback?.address ?? null;
  if (address === null) {
    const reason = "is required: the domain of this key has no default sender";
    return fail(invalidField("from", reason));
  }
  const own = from?.name || null;
  const byDefault = given === null && !email ? (fallback?.name ?? "") : "";
  return ok({ address, name: name ?? own ?? byDefault });
}

/** What the answer to a send is made of. */
export type Receipt = {
  readonly id: string;
  readonly createdAt: number;
  readonly from: Mailbox;
  readonly subject: string;
  readonly recipients: readonly Recipient[];
  /** Positions of recipients that a suppression stopped. */
  readonly stopped: readonly number[];
};

/** The 202 of an accepted send. */
export function receiptOf({ id, createdAt, from, subject, recipients, stopped }: Receipt) {
  const domain = domainOf(from.address);
  const event = stopped.length === recipients.length ? "suppressed" : "accepted";
  return {
    message_id: `${id}@${domain}`,
    sender: formatMailbox(from),
    recipient: recipients.map(({ address }) => address),
    subject,
    status: event,
    event,
    log: {
      id: `${LOG_PREFIX}${id}`,
      created_at: new Date(createdAt).toISOString().replace(/\.\d+Z$/, "Z"),
      domain,
      suppressed: stopped.map((position) => recipients[position]?.address ?? ""),
    },
  };
}

/** What stands before a message's id in `log.id`. */
export const LOG_PREFIX = "log_";

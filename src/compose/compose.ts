// One recipient's message: the texts personalised, the header fields, the MIME entity. Pure: the
// same message gives the same bytes at every attempt.
import { addressHeader, textHeader } from "./header.ts";
import { mimeEntity } from "./mime.ts";
import { personalise } from "./personalise.ts";
import { utf8 } from "../lib/bytes.ts";
import { domainOf } from "../model/address.ts";
import type { Mailbox, MessageContent, Recipient } from "../model/message.ts";

/** The bytes of one message, and what its relay must be able to do for it. */
export type Composed = {
  /** CRLF lines in order, not dot-stuffed. */
  readonly content: readonly Uint8Array[];
  /** Bytes over 127 stand in it. */
  readonly eightBit: boolean;
  /** An address in the envelope or in a header is not ASCII (RFC 6531). */
  readonly smtputf8: boolean;
  /** Bytes of the content. */
  readonly size: number;
};

/** Composes what the recipient at a position receives; `recipients` are all of the message's. */
export async function compose(
  message: { readonly id: string; readonly createdAt: number },
  recipients: readonly Recipient[],
  content: MessageContent,
  position: number,
): Promise<Composed> {
  const texts = personalise(content, position);
  const visible = recipients.filter(({ role }) => role !== "bcc");
  const headers = [
    addressHeader("From", [content.from]),
    ...addressHeaders(
      "To",
      visible.filter(({ role }) => role === "to"),
    ),
    ...addressHeaders(
      "Cc",
      visible.filter(({ role }) => role === "cc"),
    ),
    ...addressHeaders("Reply-To", content.replyTo),
    textHeader("Subject", texts.subject),
    ...content.headers.map(([name, value]) => textHeader(name, value)),
  ];
  const entity = mimeEntity({
    ...texts,
    attachments: content.attachments,
    attachmentBytes: content.attachmentBytes,
    boundary: message.id,
    messageId: `${message.id}@${domainOf(content.from.address)}`,
    date: new Date(message.createdAt),
  });
  const chunks = [utf8(headers.join("")), ...entity];
  const shown = [content.from, ...content.replyTo, ...visible];
  const eightBit = shown.some(({ address }) => !isAscii(address));
  const recipient = recipients[position];
  return {
    content: chunks,
    eightBit,
    smtputf8: eightBit || !isAscii(recipient?.address ?? ""),
    size: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

/** Whether the bytes differ from recipient to recipient; if not, one copy serves them all. */
export function needsOwnCopy(content: MessageContent): boolean {
  const texts = [content.subject, content.text, content.html, content.amp];
  return content.variables !== null && texts.some((text) => text?.includes("{{") === true);
}

/** The field, or nothing when there is nobody to name. */
function addressHeaders(name: string, mailboxes: readonly Mailbox[]): readonly string[] {
  return mailboxes.length > 0 ? [addressHeader(name, mailboxes)] : [];
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

// One recipient's message: the texts personalised, the header fields, the MIME entity; or the MIME that
// the sender made (raw.ts). Pure: the same message gives the same bytes at every attempt.
import { addressHeader, textHeader } from "./header.ts";
import { htmlFor, linkedHtml, type LinkReader, tracksHtml } from "./links.ts";
import { mimeEntity } from "./mime.ts";
import { personalise, variablesFor } from "./personalise.ts";
import { composeRaw, rawNeedsOwnCopy } from "./raw.ts";
import { unsubscribeHeaders } from "./unsubscribe.ts";
import { utf8 } from "../lib/bytes.ts";
import { domainOf } from "../model/address.ts";
import { type Links, UNSUBSCRIBE_VARIABLE } from "../model/link.ts";
import {
  type Content,
  isRaw,
  type Mailbox,
  type Message,
  type MessageContent,
  type Recipient,
  leavesAt,
} from "../model/message.ts";
import { escapeHtml, render } from "../model/template.ts";

/** The bytes of one message, and what its relay must be able to do for it. */
export type Composed = {
  /** CRLF lines in order, not dot-stuffed. */
  readonly content: readonly Uint8Array[];
  /** Bytes over 127 stand in it. */
  readonly eightBit: boolean;
  /** An address in a header is not ASCII (RFC 6531); one in the envelope may be nevertheless. */
  readonly smtputf8: boolean;
  /** Bytes of the content. */
  readonly size: number;
};

/**
 * Composes what the recipient at a position receives; `recipients` are all of the message's. Without
 * `links` nothing is tracked and no unsubscribe link is added.
 */
export async function compose(
  message: Pick<Message, "id" | "createdAt" | "sendAt" | "mailClass">,
  recipients: readonly Recipient[],
  content: Content,
  position: number,
  links: Links | null,
): Promise<Composed> {
  const address = recipients[position]?.address ?? "";
  const utm = isRaw(content) ? null : (content.utm ?? null);
  const reader = { messageId: message.id, position, address, links, utm };
  const url = links ? await links.urlOf({ kind: "unsubscribe", ...reader, url: null }) : null;
  return isRaw(content)
    ? composeRaw(message, content, { ...reader, unsubscribeUrl: url })
    : build(message, recipients, content, { ...reader, unsubscribeUrl: url });
}

/** Who a message is for, and where an unsubscribe link leads. */
export type Reader = Omit<LinkReader, "fill"> & { readonly unsubscribeUrl: string | null };

/** Composes a message of which the sender gave the parts. */
async function build(
  message: Pick<Message, "id" | "createdAt" | "sendAt" | "mailClass">,
  recipients: readonly Recipient[],
  content: MessageContent,
  { unsubscribeUrl, ...reader }: Reader,
): Promise<Composed> {
  const { position, links } = reader;
  const variables = variablesFor(content, position, unsubscribeUrl);
  const texts = { ...personalise({ ...content, html: null }, variables), html: content.html };
  if (content.html !== null) {
    const fill = (text: string) => render(text, variables, escapeHtml);
    texts.html = await htmlFor(await linkedHtml(content, links), { ...reader, fill });
  }
  const visible = recipients.filter(({ role, erased }) => role !== "bcc" && erased === undefined);
  const fieldNames = content.headers.map(([name]) => name.toLowerCase());
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
    ...unsubscribeHeaders(message.mailClass, fieldNames, unsubscribeUrl),
  ];
  const entity = mimeEntity({
    ...texts,
    attachments: content.attachments,
    attachmentBytes: content.attachmentBytes,
    boundary: message.id,
    messageId: `${message.id}@${domainOf(content.from.address)}`,
    date: new Date(leavesAt(message)),
  });
  const chunks = [utf8(headers.join("")), ...entity];
  const shown = [content.from, ...content.replyTo, ...visible];
  const eightBit = shown.some(({ address }) => !isAscii(address));
  return {
    content: chunks,
    eightBit,
    smtputf8: eightBit,
    size: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

/** Whether the bytes differ from recipient to recipient; if not, one copy serves them all. */
export function needsOwnCopy(
  { mailClass }: Pick<Message, "mailClass">,
  content: Content,
  links: Links | null,
): boolean {
  if (isRaw(content)) return rawNeedsOwnCopy(mailClass, content, links);
  const texts = [content.subject, content.text, content.html, content.amp];
  const uses = (mark: string) => texts.some((text) => text?.includes(mark) === true);
  if (content.variables !== null && uses("{{")) return true;
  if (links === null) return false;
  return mailClass === "marketing" || uses(UNSUBSCRIBE_VARIABLE) || tracksHtml(content);
}

/** The field, or nothing when there is nobody to name. */
function addressHeaders(name: string, mailboxes: readonly Mailbox[]): readonly string[] {
  return mailboxes.length > 0 ? [addressHeader(name, mailboxes)] : [];
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

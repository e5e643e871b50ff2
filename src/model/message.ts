// What every door turns a request into, and what is kept of it. Pure types and rules.
import type { DeliveryState } from "./delivery.ts";
import type { UtmTags } from "./utm.ts";

/** The two classes of mail, and the lanes they wait in. */
export const MAIL_CLASSES = ["transactional", "marketing"] as const;
export type MailClass = (typeof MAIL_CLASSES)[number];

/** A mailbox: an addr-spec (domain as A-label, lower case) and a display name, "" when none. */
export type Mailbox = { readonly address: string; readonly name: string };

/** To, Cc or Bcc; Bcc never appears in a header. */
export type Role = "to" | "cc" | "bcc";

/** One recipient as kept in the message row; its place in the array is the delivery's position. */
export type Recipient = Mailbox & {
  readonly role: Role;
  /** The state that its delivery had when the address was erased; address and name are "" then. */
  readonly erased?: DeliveryState;
};

/** Values for `{{name}}` of one recipient. */
export type Variables = Readonly<Record<string, string>>;

/** One attachment; its bytes are in MessageContent.attachmentBytes at the same index. */
export type Attachment = {
  readonly filename: string;
  readonly contentType: string;
  /** Without angle brackets; an attachment with one is inline (RFC 2392). */
  readonly contentId: string | null;
};

/** What of a message is tracked. */
export type Tracking = { readonly opens: boolean; readonly clicks: boolean };

/** What compose needs to build the MIME of one message. Kept until the retention of content ends. */
export type MessageContent = {
  readonly from: Mailbox;
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly amp: string | null;
  /** Own headers in the order given, names as given, already checked against the safe list. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** One entry per recipient position; null when no recipient has any. */
  readonly variables: readonly Variables[] | null;
  /** Further values for `{{name}}`, sealed: only the one recipient reads them (model/sealed.ts). */
  readonly sealed?: Variables;
  readonly attachments: readonly Attachment[];
  readonly attachmentBytes: readonly Uint8Array[];
  readonly tracking: Tracking;
  /** How the list of the message tags tracked links; left out when it does not. */
  readonly utm?: UtmTags;
};

/** A message that its sender made: MIME in CRLF lines, kept as it came. */
export type RawMessage = {
  /** The header fields, each with its CRLF; what is for us or for nobody is taken out already. */
  readonly header: Uint8Array;
  /** What follows the empty line. */
  readonly body: Uint8Array;
};

/** The content of a message that came as MIME; `from` and `subject` are read from its header. */
export type RawContent = {
  readonly from: Mailbox;
  readonly subject: string;
  readonly raw: RawMessage;
  readonly tracking: Tracking;
};

/** What a message is made of, whichever door it came through. */
export type Content = MessageContent | RawContent;

/** Whether the sender made the MIME. */
export function isRaw(content: Content): content is RawContent {
  return "raw" in content;
}

/** A send as the core understands it, whichever dialect it came in. */
export type SendCommand = {
  readonly content: Content;
  /** 1…1,000, no two with the same address (case-insensitive), in order to, cc, bcc. */
  readonly recipients: readonly Recipient[];
  /** Echoed as `tags` in every event (C-21), "" when none. */
  readonly tags: string;
  /** Lower-cased; null lets Edgepost make one. */
  readonly sendId: string | null;
  /** Lower-cased; null means the mail class stands in `listid`. */
  readonly listId: string | null;
  /** null means the key's own class, else transactional. */
  readonly mailClass: MailClass | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly onAmbiguous: "retry" | "hold";
  /** When to send it, epoch milliseconds; without it, or in the past, at once. */
  readonly sendAt?: number | null;
};

/** The message row, decoded: everything but the content. */
export type Message = {
  readonly id: string;
  readonly createdAt: number;
  readonly keyId: string;
  readonly mailClass: MailClass;
  readonly from: Mailbox;
  readonly subject: string;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly recipients: readonly Recipient[];
  readonly onAmbiguous: "retry" | "hold";
  readonly size: number;
  /** When it is to be sent, if later than it was accepted. */
  readonly sendAt?: number | null;
};

/** When a message is sent at the earliest: what it says of its date, and when its queue lifetime begins. */
export function leavesAt({ createdAt, sendAt }: Pick<Message, "createdAt" | "sendAt">): number {
  return Math.max(createdAt, sendAt ?? 0);
}

/**
 * A message whose content took longer to store is not committed any more. Its id is older than that, and
 * who reads messages in the order of their ids must know when none can come before the last one.
 */
export const MAX_STORE_MS = 60_000;

/** `<message uuid>:<recipient index>`, the id of a delivery in every event (C-22). */
export function clickTrackingId(messageId: string, position: number): string {
  return `${messageId}:${position}`;
}

/** The send id that Edgepost makes when the sender gave none: `<mailclass><yymmdd>` (F-042), UTC. */
export function generatedSendId(mailClass: MailClass, now: number): string {
  return mailClass + new Date(now).toISOString().slice(2, 10).replaceAll("-", "");
}

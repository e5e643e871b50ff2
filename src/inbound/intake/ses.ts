// Amazon SES's events inside SNS notifications: those of a configuration set (`eventType`) and those of an
// identity (`notificationType`), which have no tags. Sources: "Contents of event data that Amazon SES
// publishes to Amazon SNS", "Amazon SNS notification contents for Amazon SES", "Specify your configuration
// set when you send email" (X-SES-MESSAGE-TAGS become mail.tags). Pure.
import * as z from "zod";
import type { BounceCode } from "../../model/bounce.ts";
import { MARK_NAME } from "../../model/intake.ts";
import {
  bounce,
  given,
  IGNORED,
  MALFORMED,
  type Meaning,
  ofIso,
  orNull,
  said,
  text,
  UNKNOWN,
  type VendorEvent,
} from "./vendor-event.ts";

const recipients = z.array(
  z.object({ emailAddress: text, action: text, status: text, diagnosticCode: text }),
);

const schema = z.object({
  eventType: text,
  notificationType: text,
  mail: z.object({
    messageId: text,
    source: text,
    destination: z.array(z.string()).catch([]),
    tags: z
      .object({ [MARK_NAME]: z.array(z.string()) })
      .partial()
      .nullish()
      .catch(null),
    commonHeaders: z.object({ messageId: text }).partial().nullish().catch(null),
  }),
  bounce: z
    .object({
      bounceType: text,
      bounceSubType: text,
      bouncedRecipients: recipients.catch([]),
      timestamp: text,
      remoteMtaIp: text,
    })
    .nullish(),
  complaint: z
    .object({
      complainedRecipients: recipients.catch([]),
      timestamp: text,
      complaintFeedbackType: text,
      userAgent: text,
    })
    .nullish(),
  delivery: z.object({ timestamp: text, smtpResponse: text }).nullish(),
  reject: z.object({ reason: text }).nullish(),
  failure: z.object({ errorMessage: text }).nullish(),
  subscription: z
    .object({
      timestamp: text,
      newTopicPreferences: z.object({ unsubscribeAll: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
});
type Event = z.output<typeof schema>;

/** The event in a notification's message. A mail of ours has one recipient, and so has its event. */
export function sesEvents(json: unknown): readonly VendorEvent[] {
  const parsed = schema.safeParse(json);
  return [parsed.success ? eventOf(parsed.data) : MALFORMED];
}

function eventOf(event: Event): VendorEvent {
  const { mail, bounce, complaint, delivery, subscription } = event;
  const name = given(event.eventType, event.notificationType)[0] ?? "";
  const parts = [bounce, complaint, delivery, subscription];
  const told = [...(bounce?.bouncedRecipients ?? []), ...(complaint?.complainedRecipients ?? [])];
  return {
    name: bounce ? `${name} ${bounce.bounceType} ${bounce.bounceSubType}` : name,
    at: ofIso(given(...parts.map((part) => part?.timestamp ?? ""))[0] ?? ""),
    meant: {
      mark: mail.tags?.[MARK_NAME]?.[0] ?? null,
      // `250 Ok <id>`
      replyIds: given(mail.messageId),
      // SES writes a Message-ID of its own; what stands here may be either.
      messageId: orNull(mail.commonHeaders?.messageId ?? ""),
      returnPath: orNull(mail.source.replace(/^.*<(.*)>$/s, "$1")),
      addresses: given(...mail.destination, ...told.map(({ emailAddress }) => emailAddress)),
    },
    meaning: meaningOf(name, event),
  };
}

function meaningOf(name: string, event: Event): Meaning {
  switch (name) {
    case "Bounce":
      return event.bounce ? bounced(event.bounce) : UNKNOWN;
    case "Complaint":
      return complained(event.complaint?.complaintFeedbackType ?? "");
    case "Delivery":
      return said("received", event.delivery?.smtpResponse ?? "");
    case "Reject":
      return bounce({ text: event.reject?.reason ?? "", status: null, otherwise: 53 });
    case "Rendering Failure":
      return bounce({ text: event.failure?.errorMessage ?? "", status: null, otherwise: 40 });
    case "Subscription":
      return event.subscription?.newTopicPreferences?.unsubscribeAll === true
        ? said("unsubscribe", "unsubscribed at Amazon SES")
        : IGNORED;
    case "Send":
    case "DeliveryDelay":
    case "Open":
    case "Click":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

/** Feedback types (RFC 5965 §3.1) that are no complaint of a reader. */
const NO_COMPLAINTS: readonly string[] = ["not-spam", "auth-failure", "virus"];

function complained(type: string): Meaning {
  if (NO_COMPLAINTS.includes(type)) return IGNORED;
  return said("complaint", `${type || "spam"} complaint to Amazon SES`);
}

function bounced(told: NonNullable<Event["bounce"]>): Meaning {
  const recipient = told.bouncedRecipients[0];
  const words = recipient?.diagnosticCode ?? "";
  const status = recipient?.status ?? "";
  const type = `${told.bounceType} ${told.bounceSubType}`;
  // SES counts an out-of-office reply as this, and has no delivery status to show for it.
  if (type === "Transient General" && words === "" && status === "") {
    return said("auto_reply", "automatic reply to Amazon SES");
  }
  return bounce({
    text: words === "" ? type : words,
    status: orNull(status),
    host: told.remoteMtaIp,
    otherwise: TYPES.get(type) ?? (told.bounceType === "Transient" ? 20 : 40),
  });
}

/** Types and subtypes of SES, where the words decide nothing. */
const TYPES: ReadonlyMap<string, BounceCode> = new Map<string, BounceCode>([
  ["Permanent NoEmail", 10],
  // Of SES's own list of addresses that do not exist.
  ["Permanent Suppressed", 10],
  // Of the account's list, where complaints stand too.
  ["Permanent OnAccountSuppressionList", 123],
  ["Transient MailboxFull", 22],
  ["Transient MessageTooLarge", 23],
  ["Transient ContentRejected", 52],
  ["Transient AttachmentRejected", 53],
]);

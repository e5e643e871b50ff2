// Postmark's webhooks: one record in a request. Sources: "Bounce webhook", "Delivery webhook", "Spam
// complaint webhook", "Subscription change webhook", "Bounce types", "Custom metadata" (X-PM-Metadata-…
// becomes Metadata). Pure.
import * as z from "zod";
import type { BounceCode } from "../../model/bounce.ts";
import { MARK_NAME } from "../../model/intake.ts";
import { printable } from "../../model/relay-words.ts";
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

const schema = z.object({
  RecordType: z.string(),
  Type: text,
  MessageID: text,
  Email: text,
  Recipient: text,
  Description: text,
  Details: text,
  BouncedAt: text,
  DeliveredAt: text,
  ChangedAt: text,
  SuppressSending: z.boolean().nullish(),
  SuppressionReason: text,
  Metadata: z
    .object({ [MARK_NAME]: text })
    .partial()
    .nullish()
    .catch(null),
});
type Event = z.output<typeof schema>;

/** The event of a body; null when it is no record. */
export function postmarkEvents(json: unknown): readonly VendorEvent[] | null {
  if (!z.object({ RecordType: z.unknown() }).safeParse(json).success) return null;
  const parsed = schema.safeParse(json);
  return [parsed.success ? eventOf(parsed.data) : MALFORMED];
}

function eventOf(event: Event): VendorEvent {
  return {
    name: event.Type === "" ? event.RecordType : `${event.RecordType} ${event.Type}`,
    at: ofIso(given(event.BouncedAt, event.DeliveredAt, event.ChangedAt)[0] ?? ""),
    meant: {
      mark: orNull(event.Metadata?.[MARK_NAME] ?? ""),
      replyIds: given(event.MessageID),
      messageId: null,
      returnPath: null,
      addresses: given(event.Email, event.Recipient),
    },
    meaning: meaningOf(event),
  };
}

function meaningOf(event: Event): Meaning {
  switch (event.RecordType) {
    case "Bounce":
      return bounced(event);
    case "SpamComplaint":
      return said("complaint", "spam complaint to Postmark");
    case "Delivery":
      return said("received", event.Details);
    case "SubscriptionChange":
      return subscription(event);
    case "Open":
    case "Click":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

/** A bounce or a complaint is reported by its own record; this one tells what the reader asked for. */
function subscription({ SuppressSending, SuppressionReason }: Event): Meaning {
  const asked = SuppressSending === true && SuppressionReason === "ManualSuppression";
  return asked ? said("unsubscribe", "unsubscribed at Postmark") : IGNORED;
}

function bounced(event: Event): Meaning {
  const words = given(event.Details, event.Description)[0] ?? "";
  switch (event.Type) {
    case "Transient":
    case "DnsError":
      return said("delayed", words);
    case "AutoResponder":
    case "AddressChange":
    case "ChallengeVerification":
      return said("auto_reply", words);
    case "SpamComplaint":
      return said("complaint", "spam complaint to Postmark");
    case "Unsubscribe":
      return said("unsubscribe", "unsubscribed at Postmark");
    case "Subscribe":
    case "OpenRelayTest":
      return IGNORED;
    default:
      return final(event);
  }
}

function final({ Type, Details, Description }: Event): Meaning {
  const otherwise = TYPES.get(Type);
  if (otherwise === undefined) return UNKNOWN;
  if (Details !== "") return bounce({ text: Details, status: null, otherwise });
  // Only what the type means in general: no server's words.
  return { kind: "bounce", code: otherwise, reply: printable(Description), host: "" };
}

/** Postmark's types of final bounces, where the words decide nothing. */
const TYPES: ReadonlyMap<string, BounceCode> = new Map<string, BounceCode>([
  ["HardBounce", 40],
  ["SoftBounce", 20],
  ["BadEmailAddress", 10],
  ["Blocked", 50],
  ["SpamNotification", 52],
  ["VirusNotification", 53],
  ["DMARCPolicy", 55],
  ["ManuallyDeactivated", 123],
  ["Unconfirmed", 123],
  ["SMTPApiError", 40],
  ["TemplateRenderingFailed", 40],
  ["Unknown", 40],
]);

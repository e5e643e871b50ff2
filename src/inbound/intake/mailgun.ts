// Mailgun's webhooks: one event in a request, with a signature of a timestamp and a token beside it. The
// signature does not cover the event, so it is believed for a limited time only. Sources: "Securing
// Webhooks", "Event Structure", "Webhooks" (X-Mailgun-Variables become user-variables). Pure.
import * as z from "zod";
import { hex, utf8 } from "../../lib/bytes.ts";
import { hmacSha256, sameBytes } from "../../lib/digest.ts";
import { MARK_NAME } from "../../model/intake.ts";
import {
  bounce,
  given,
  IGNORED,
  MALFORMED,
  type Meaning,
  notTried,
  ofSeconds,
  orNull,
  said,
  text,
  UNKNOWN,
  type VendorEvent,
} from "./vendor-event.ts";

/** Mailgun repeats a request for 8 hours, and does not say whether it signs it anew. */
const MAX_AGE_MS = 12 * 60 * 60 * 1000;
/** Clocks differ by less. */
const MAX_AHEAD_MS = 5 * 60 * 1000;

const signatureSchema = z.object({
  signature: z.object({
    timestamp: z.union([z.string(), z.number()]).transform(String),
    token: z.string().min(1).max(200),
    signature: z.string(),
    /** Of the primary account, when the event is a subaccount's. */
    "parent-signature": z.string().optional(),
  }),
});

/** Whether the owner of the signing key made this body's signature, lately. */
export async function verifyMailgun(secret: string, json: unknown, now: number): Promise<boolean> {
  const parsed = signatureSchema.safeParse(json);
  if (!parsed.success) return false;
  const { timestamp, token, signature, "parent-signature": parent } = parsed.data.signature;
  const at = ofSeconds(timestamp);
  if (at === null || at < now - MAX_AGE_MS || at > now + MAX_AHEAD_MS) return false;
  const expected = utf8(hex(await hmacSha256(utf8(secret), utf8(timestamp + token))));
  return given(signature, parent ?? "").some((given) => sameBytes(utf8(given), expected));
}

const schema = z.object({
  event: z.string(),
  timestamp: text,
  recipient: text,
  severity: text,
  reason: text,
  "delivery-status": z
    .object({
      code: text,
      "enhanced-code": text,
      message: text,
      description: text,
      "mx-host": text,
    })
    .partial()
    .nullish(),
  reject: z.object({ reason: text, description: text }).partial().nullish(),
  message: z.object({ headers: z.object({ "message-id": text }).partial().nullish() }).nullish(),
  envelope: z.object({ sender: text }).partial().nullish(),
  "user-variables": z
    .object({ [MARK_NAME]: text })
    .partial()
    .nullish()
    .catch(null),
});
type Event = z.output<typeof schema>;

/** The event of a body; null when it has no `event-data`. */
export function mailgunEvents(json: unknown): readonly VendorEvent[] | null {
  const body = z.object({ "event-data": z.record(z.string(), z.unknown()) }).safeParse(json);
  if (!body.success) return null;
  const parsed = schema.safeParse(body.data["event-data"]);
  return [parsed.success ? eventOf(parsed.data) : MALFORMED];
}

function eventOf(event: Event): VendorEvent {
  return {
    name: event.severity === "" ? event.event : `${event.event} ${event.severity}`,
    at: ofSeconds(event.timestamp),
    meant: {
      mark: orNull(event["user-variables"]?.[MARK_NAME] ?? ""),
      // Its 250 reply has no id: `250 Great success`.
      replyIds: [],
      messageId: orNull(event.message?.headers?.["message-id"] ?? ""),
      returnPath: orNull(event.envelope?.sender ?? ""),
      addresses: given(event.recipient),
    },
    meaning: meaningOf(event),
  };
}

function meaningOf(event: Event): Meaning {
  switch (event.event) {
    case "failed":
      return event.severity === "temporary" ? IGNORED : failed(event);
    case "rejected":
      return notTried(event.reject?.reason ?? "");
    case "delivered":
      return said("received", wordsOf(event));
    case "complained":
      return said("complaint", "spam complaint to Mailgun");
    case "unsubscribed":
      return said("unsubscribe", "unsubscribed at Mailgun");
    case "accepted":
    case "opened":
    case "clicked":
    case "stored":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

/** A permanent failure; `suppress-…` means that Mailgun's own list stopped it before any server was asked. */
function failed(event: Event): Meaning {
  if (event.reason.startsWith("suppress-")) {
    return notTried(given(event["delivery-status"]?.description ?? "", event.reason)[0] ?? "");
  }
  const status = event["delivery-status"];
  return bounce({
    text: wordsOf(event),
    status: orNull(status?.["enhanced-code"] ?? ""),
    host: status?.["mx-host"] ?? "",
    // Given up after many tries.
    otherwise: event.reason === "old" ? 20 : 40,
  });
}

/** The server's words with its code before them; Mailgun's own codes (6xx) are left out. */
function wordsOf(event: Event): string {
  const status = event["delivery-status"];
  const words = given(status?.message ?? "", status?.description ?? "")[0] ?? "";
  const code = status?.code ?? "";
  return /^[245]\d\d$/.test(code) && !words.startsWith(code) ? `${code} ${words}` : words;
}

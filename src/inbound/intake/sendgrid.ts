// SendGrid's Event Webhook: an array of events, signed with ECDSA over timestamp and body. Sources: "Event
// Webhook Reference", "Getting Started with the Event Webhook Security Features", "Building an X-SMTPAPI
// Header" (unique arguments become keys of the event). A replayed request changes nothing: an event counts
// once, so the timestamp is not compared with the clock. Pure.
import * as z from "zod";
import { concat, fromBase64, utf8 } from "../../lib/bytes.ts";
import { importP256, verifyP256 } from "../../lib/p256.ts";
import type { BounceCode } from "../../model/bounce.ts";
import { MARK_NAME } from "../../model/intake.ts";
import { printable } from "../../model/relay-words.ts";
import {
  bounce,
  given,
  IGNORED,
  MALFORMED,
  type Meaning,
  ofSeconds,
  orNull,
  said,
  text,
  UNKNOWN,
  type VendorEvent,
} from "./vendor-event.ts";

/** What a request carries beside its body. */
export type SendGridSignature = {
  /** X-Twilio-Email-Event-Webhook-Signature: DER, base64. */
  readonly signature: string;
  /** X-Twilio-Email-Event-Webhook-Timestamp. */
  readonly timestamp: string;
};

/** Whether the owner of the key signed this body. */
export async function verifySendGrid(
  publicKey: string,
  { signature, timestamp }: SendGridSignature,
  body: Uint8Array,
): Promise<boolean> {
  const der = fromBase64(signature);
  const key = await importP256(publicKey);
  if (!der || !key || timestamp === "") return false;
  return verifyP256(key, der, concat([utf8(timestamp), body]));
}

const schema = z.object({
  event: z.string(),
  email: text,
  timestamp: text,
  "smtp-id": text,
  sg_message_id: text,
  reason: text,
  response: text,
  status: text,
  type: text,
  bounce_classification: text,
  [MARK_NAME]: text,
});
type Event = z.output<typeof schema>;

/** The events of a body; null when it is not an array. */
export function sendGridEvents(json: unknown): readonly VendorEvent[] | null {
  if (!Array.isArray(json)) return null;
  return json.map((item: unknown) => {
    const parsed = schema.safeParse(item);
    return parsed.success ? eventOf(parsed.data) : MALFORMED;
  });
}

function eventOf(event: Event): VendorEvent {
  // The relay's reply has what stands before the first dot: `250 Ok: queued as <id>`.
  const replyId = event.sg_message_id.split(".", 1)[0] ?? "";
  return {
    name: event.event,
    at: ofSeconds(event.timestamp),
    meant: {
      mark: orNull(event[MARK_NAME]),
      replyIds: given(replyId),
      messageId: orNull(event["smtp-id"]),
      returnPath: null,
      addresses: given(event.email),
    },
    meaning: meaningOf(event),
  };
}

function meaningOf(event: Event): Meaning {
  const { reason, response } = event;
  switch (event.event) {
    case "bounce": {
      const otherwise = CLASSIFIED.get(event.bounce_classification) ?? 40;
      return bounce({ text: reason, status: orNull(event.status), otherwise });
    }
    case "dropped":
      return {
        kind: "bounce",
        code: DROPPED.get(reason) ?? 123,
        reply: printable(reason),
        host: "",
      };
    case "delivered":
      return said("received", response);
    case "spamreport":
      return said("complaint", "spam report to SendGrid");
    case "unsubscribe":
    case "group_unsubscribe":
      return said("unsubscribe", "unsubscribed at SendGrid");
    case "processed":
    case "deferred":
    case "open":
    case "click":
    case "group_resubscribe":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

/** SendGrid's own judgement of a bounce, where it says something. */
const CLASSIFIED: ReadonlyMap<string, BounceCode> = new Map<string, BounceCode>([
  ["Invalid Address", 10],
  ["Content", 52],
  ["Reputation", 50],
  ["Frequency or Volume Too High", 50],
]);

/** Why SendGrid did not even try; everything else is its own policy, such as its suppression lists. */
const DROPPED: ReadonlyMap<string, BounceCode> = new Map<string, BounceCode>([
  ["Invalid", 10],
  ["Spam Content", 52],
]);

// SparkPost's event webhooks: an array of `{msys: {<class>: {type, …}}}`. Sources: "Webhooks", "Events
// reference", "Bounce classification codes", "SMTP API" (metadata of X-MSYS-API becomes rcpt_meta). Pure.
import * as z from "zod";
import type { BounceCode } from "../../model/bounce.ts";
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

const schema = z.object({
  type: z.string(),
  timestamp: text,
  message_id: text,
  transmission_id: text,
  rcpt_to: text,
  raw_rcpt_to: text,
  msg_from: text,
  raw_reason: text,
  reason: text,
  error_code: text,
  bounce_class: text,
  fbtype: text,
  report_by: text,
  rcpt_meta: z
    .object({ [MARK_NAME]: text })
    .partial()
    .nullish()
    .catch(null),
});
type Event = z.output<typeof schema>;

/** The events of a body; null when it is not an array. An empty `msys` is a ping. */
export function sparkPostEvents(json: unknown): readonly VendorEvent[] | null {
  if (!Array.isArray(json)) return null;
  return json.flatMap((item: unknown) => {
    const wrapped = z.object({ msys: z.record(z.string(), z.unknown()) }).safeParse(item);
    if (!wrapped.success) return [MALFORMED];
    return Object.values(wrapped.data.msys).map((event) => {
      const parsed = schema.safeParse(event);
      return parsed.success ? eventOf(parsed.data) : MALFORMED;
    });
  });
}

function eventOf(event: Event): VendorEvent {
  return {
    name: event.type,
    at: ofSeconds(event.timestamp),
    meant: {
      mark: orNull(event.rcpt_meta?.[MARK_NAME] ?? ""),
      replyIds: given(event.message_id, event.transmission_id),
      messageId: null,
      returnPath: orNull(event.msg_from),
      addresses: given(event.raw_rcpt_to, event.rcpt_to),
    },
    meaning: meaningOf(event),
  };
}

function meaningOf(event: Event): Meaning {
  const words = given(event.raw_reason, event.reason)[0] ?? "";
  switch (event.type) {
    case "bounce":
    case "out_of_band":
      return bounced(event, words);
    case "policy_rejection":
    case "generation_failure":
    case "generation_rejection":
      return notTried(words);
    case "delivery":
      return said("received", words);
    case "spam_complaint":
      return said(
        "complaint",
        `${event.fbtype || "abuse"} reported by ${event.report_by || "SparkPost"}`,
      );
    case "list_unsubscribe":
    case "link_unsubscribe":
      return said("unsubscribe", "unsubscribed at SparkPost");
    case "injection":
    case "delay":
    case "open":
    case "initial_open":
    case "click":
    case "amp_open":
    case "amp_initial_open":
    case "amp_click":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

function bounced(event: Event, words: string): Meaning {
  switch (event.bounce_class) {
    // Its administrators' policies, and its own list of addresses.
    case "25":
    case "26":
      return notTried(words);
    case "60":
    case "100":
      return said("auto_reply", words);
    case "70":
      return said("delayed", words);
    case "80":
      return IGNORED;
    case "90":
      return said("unsubscribe", "unsubscribed at SparkPost");
    default: {
      const coded = words.startsWith(event.error_code) ? words : `${event.error_code} ${words}`;
      return bounce({
        text: coded,
        status: null,
        otherwise: CLASSES.get(event.bounce_class) ?? 40,
      });
    }
  }
}

/** SparkPost's bounce classes, where the words decide nothing. */
const CLASSES: ReadonlyMap<string, BounceCode> = new Map<string, BounceCode>([
  ["10", 10],
  ["20", 20],
  ["21", 21],
  ["22", 22],
  ["23", 23],
  ["24", 29],
  ["50", 50],
  ["51", 51],
  ["52", 52],
  ["53", 53],
  ["54", 54],
]);

// GreenArrow's event notifications in JSON, one object or an array of them: the form that our own webhooks
// have too (contract 1.9.3). Sources: contract 0.3, GA-EVT, GA-NET, GA-HDR (X-GreenArrow-Click-Tracking-ID
// becomes click_tracking_id). Pure.
import * as z from "zod";
import { isBounceCode } from "../../model/bounce.ts";
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

const schema = z.object({
  event_type: z.string(),
  event_time: text,
  timestamp: text,
  email: text,
  click_tracking_id: text,
  msguid: text,
  sender: text,
  status: text,
  message: text,
  mx_hostname: text,
  bounce_code: text,
  bounce_text: text,
});
type Event = z.output<typeof schema>;

/** The events of a body; null when it is neither an object nor an array. */
export function greenArrowEvents(json: unknown): readonly VendorEvent[] | null {
  if (typeof json !== "object" || json === null) return null;
  return [json].flat().map((item: unknown) => {
    const parsed = schema.safeParse(item);
    return parsed.success ? eventOf(parsed.data) : MALFORMED;
  });
}

function eventOf(event: Event): VendorEvent {
  return {
    name: event.status === "" ? event.event_type : `${event.event_type} ${event.status}`,
    at: ofSeconds(given(event.event_time, event.timestamp)[0] ?? ""),
    meant: {
      mark: orNull(event.click_tracking_id),
      replyIds: given(event.msguid),
      messageId: null,
      returnPath: orNull(event.sender),
      addresses: given(event.email),
    },
    meaning: meaningOf(event),
  };
}

function meaningOf(event: Event): Meaning {
  switch (event.event_type) {
    case "bounce_all":
    // Comes beside its bounce_all; whether the address is bad is for our own rules.
    case "bounce_bad_address":
      return bounced(event);
    case "delivery_attempt":
      return attempted(event);
    case "scomp":
      return said("complaint", "spam complaint to GreenArrow");
    case "engine_unsub":
    case "studio_unsub":
      return said("unsubscribe", "unsubscribed at GreenArrow");
    case "engine_open":
    case "engine_click":
    case "studio_open":
    case "studio_click":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

/** Its codes are ours (contract 3.7): they are taken as they are. */
function bounced({ bounce_code, bounce_text }: Event): Meaning {
  switch (bounce_code) {
    case "0":
      return IGNORED;
    case "60":
    case "100":
      return said("auto_reply", bounce_text);
    case "70":
      return said("delayed", bounce_text);
    case "90":
      return said("unsubscribe", "unsubscribe request to GreenArrow");
    default: {
      const code = bounce_code === "" ? null : Number(bounce_code);
      return code !== null && isBounceCode(code)
        ? { kind: "bounce", code, reply: printable(bounce_text), host: "" }
        : bounce({ text: bounce_text, status: null, otherwise: 40 });
    }
  }
}

/** Texts of 3.8, newlines written as `/`; a failure also comes as bounce_all, in the same words. */
function attempted({ status, message, mx_hostname }: Event): Meaning {
  switch (status) {
    case "success":
      return said("received", message);
    case "failure":
    case "failure_toolong":
      return bounce({
        text: message,
        status: null,
        host: mx_hostname,
        otherwise: status === "failure" ? 40 : 20,
      });
    // Still trying; connmaxout: it had no connection to spare.
    case "deferral":
    case "connmaxout":
      return IGNORED;
    default:
      return UNKNOWN;
  }
}

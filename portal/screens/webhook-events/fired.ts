// When each event is posted.
import type { EVENTS, Format } from "../webhooks/webhook.ts";

export const FORMATS = ["kasplo", "kasapost"] as const satisfies readonly Format[];

type EventName = (typeof EVENTS)[Format][number];

const WORDS: Readonly<Record<EventName, string>> = {
  delivery_attempt:
    "After each attempt: status is success, failure, deferral or failure_toolong; or connmaxout, when limits left no room and nothing was attempted.",
  open: "Somebody, or their mail program, loaded the pixel. event_type is engine_open.",
  click: "Somebody followed a link. event_type is engine_click.",
  bounce_all:
    "For every bounce, also one that comes back after the relay took the mail. bounce_type h is for ever, s for now; o is no failed delivery but an automatic reply or a delay.",
  bounce_bad_address:
    "The address does not exist, or soft bounces were repeated: it is suppressed from now on.",
  unsubscribe: "The address wants no more marketing mail. event_type is engine_unsub.",
  spam_complaint: "The reader called it spam: the address is suppressed. event_type is scomp.",
  accepted: "With the first attempt; timestamp is when the mail was accepted.",
  delivered: "A relay took the mail.",
  deferred: "An attempt came to nothing for now; it is tried again.",
  failed: "An attempt was refused for ever.",
  bounced: "Mail that a relay had taken came back.",
  suppressed: "A recipient was on the suppression list when the mail came in by the KasaPost API.",
  complained: "A feedback loop reported the mail as spam.",
};

/** Words for an event; nothing for one that is newer than this page. */
export const FIRED: Readonly<Record<string, string>> = WORDS;

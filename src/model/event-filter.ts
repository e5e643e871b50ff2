// Which events somebody wants: of the log and of the live feed alike, by what each event says itself. Pure.
import { DELIVERY_STATES, type DeliveryState } from "./delivery.ts";
import type { AttemptStatus, DeliveryEvent, EventName } from "./event.ts";
import type { MailClass } from "./message.ts";

/** Which events somebody wants; null is any. */
export type EventFilter = {
  readonly names: readonly EventName[] | null;
  /** Of a delivery_attempt; other events have none, so they do not fit. */
  readonly status: AttemptStatus | null;
  /** What brought a delivery into this state; where it is by now does not count. */
  readonly state: DeliveryState | null;
  /** Case does not count. */
  readonly recipient: string | null;
  /** Of the recipient, A-labels in lower case; its subdomains are others. */
  readonly domain: string | null;
  readonly tag: string | null;
  readonly mailClass: MailClass | null;
  readonly messageId: string | null;
};

/** Whether somebody wants an event. */
export function fits(event: DeliveryEvent, filter: EventFilter): boolean {
  const { names, status, state, recipient, domain, tag, mailClass, messageId } = filter;
  const email = event.email.toLowerCase();
  return (
    (names === null || names.includes(event.name)) &&
    (status === null || ("status" in event && event.status === status)) &&
    (state === null || SIGNS[state].some((sign) => isSign(event, sign))) &&
    (recipient === null || email === recipient.toLowerCase()) &&
    (domain === null || email.endsWith(`@${domain}`)) &&
    (tag === null || event.tags === tag) &&
    (mailClass === null || event.mailClass === mailClass) &&
    (messageId === null || event.messageId === messageId)
  );
}

/** An attempt with a result, or the bounce that ended a delivery (others tell of delays, replies, expiry). */
type Sign = { readonly attempt: AttemptStatus } | { readonly bounce: "ended" };

/** The events that say that a delivery came into a state. Where there is none, no event tells of the state. */
const SIGNS: Readonly<Record<DeliveryState, readonly Sign[]>> = {
  // Accepted, or given back unstarted: the log has no entry. connmaxout leaves the state as it was.
  queued: [],
  sending: [],
  // Also the attempt in doubt after which onAmbiguous=hold held the delivery: the event is the same.
  deferred: [{ attempt: "deferral" }],
  delivered: [{ attempt: "success" }],
  // A late bounce has no failed attempt. bounce_bad_address judges an address: one may have expired.
  bounced: [{ attempt: "failure" }, { bounce: "ended" }],
  expired: [{ attempt: "failure_toolong" }],
  // The log keeps both to count them, without the address; nobody is told.
  suppressed: [],
  cancelled: [],
  held: [],
};

/** The states that events tell of. */
export const TOLD_STATES = DELIVERY_STATES.filter((state) => SIGNS[state].length > 0);

function isSign(event: DeliveryEvent, sign: Sign): boolean {
  if ("attempt" in sign) return "status" in event && event.status === sign.attempt;
  return event.name === "bounce_all" && event.deliveredAt !== undefined;
}

// The webhook body of format kasapost (contract 1.3): what happened in that API's words. Pure.
import { sha256Hex } from "../../lib/digest.ts";
import { domainOf, formatMailbox } from "../../model/address.ts";
import type { DeliveryEvent, StoppedEntry } from "../../model/event.ts";
import { clickTrackingId, type Mailbox } from "../../model/message.ts";
import type { KasapostEvent, WebhookEntry } from "../../model/webhook.ts";

/** What a body says of the message beside what the event says. */
export type Letter = { readonly from: Mailbox; readonly subject: string };

/** Characters of `detail`. */
const MAX_DETAIL = 1_000;

/** What an event is in this API's words; the first attempt also tells that the mail was accepted. */
export async function kasapostEntries(
  event: DeliveryEvent | StoppedEntry,
  letter: Letter | null,
): Promise<readonly WebhookEntry[]> {
  const entries: WebhookEntry[] = [];
  if (event.name === "delivery_attempt" && event.first === true) {
    const id = await acceptedId(event);
    entries.push(entryOf({ ...event, id, at: event.injectedAt }, "accepted", letter, null));
  }
  const told = toldAs(event);
  if (told) entries.push(entryOf(event, told.name, letter, told.detail));
  return entries;
}

type Told = { readonly name: KasapostEvent; readonly detail: string | null };

/** The name and the detail of an event; null for what this API does not tell. */
function toldAs(event: DeliveryEvent | StoppedEntry): Told | null {
  switch (event.name) {
    case "delivery_attempt": {
      const name = ATTEMPTS[event.status];
      return name && { name, detail: event.text };
    }
    case "bounce_all":
      // A refusal is told by its attempt; an automatic reply is no bounce.
      return isLate(event) && event.bounceType !== "o"
        ? { name: "bounced", detail: event.text }
        : null;
    case "spam_complaint":
      return { name: "complained", detail: null };
    case "stopped":
      return { name: "suppressed", detail: "this address is on the suppression list" };
    case "bounce_bad_address":
    case "open":
    case "click":
    case "unsubscribe":
      return null;
  }
}

const ATTEMPTS = {
  success: "delivered",
  deferral: "deferred",
  failure: "failed",
  failure_toolong: "failed",
  // Nothing was attempted: this API tells of attempts.
  connmaxout: null,
} as const;

/** Whether a bounce came back after a relay had taken the mail. */
function isLate(event: Extract<DeliveryEvent, { name: "bounce_all" | "bounce_bad_address" }>) {
  return event.reported !== undefined || typeof event.deliveredAt === "number";
}

function entryOf(
  event: DeliveryEvent | StoppedEntry,
  name: KasapostEvent,
  letter: Letter | null,
  detail: string | null,
): WebhookEntry {
  const { id, at, messageId, email } = event;
  const domain = letter ? domainOf(letter.from.address) : "";
  const body = JSON.stringify({
    event: name,
    message_id: domain === "" ? messageId : `${messageId}@${domain}`,
    recipient: email,
    sender: letter ? formatMailbox(letter.from) : "",
    subject: letter?.subject ?? "",
    timestamp: new Date(at).toISOString(),
    ...(detail === null ? {} : { detail: Array.from(detail).slice(0, MAX_DETAIL).join("") }),
  });
  return { id, at, event: name, body, error: "" };
}

/** An id of its own for the acceptance, the same each time (UUIDv8, RFC 9562 §5.8). */
async function acceptedId({ messageId, position }: DeliveryEvent): Promise<string> {
  const digest = await sha256Hex(`accepted ${clickTrackingId(messageId, position)}`);
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ];
  return parts.join("-");
}

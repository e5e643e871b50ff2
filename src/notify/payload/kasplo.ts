// The webhook body of format kasplo: contract 1.9.3, the union of each kind's documented keys, every
// value a string. Pure.
import { byMachine, type DeliveryEvent, type EventBase } from "../../model/event.ts";
import type { WebhookEntry } from "../../model/webhook.ts";

/** A body: documented keys only, every value a string. */
export type KasploBody = Readonly<Record<string, string>>;

/** Contract 1.9.3: the default length of `bounce_text`, in characters. */
const MAX_BOUNCE_TEXT = 1_000;

/** The body of one event; its keys are in a fixed order, so that its JSON is the same each time. */
export function kasploBody(event: DeliveryEvent): KasploBody {
  switch (event.name) {
    case "delivery_attempt":
      return {
        ...common(event, "delivery_attempt"),
        listid: listId(event),
        from_address: event.from,
        injected_time: epochSeconds(event.injectedAt),
        message: event.text.replace(/\r\n|\r|\n/g, "/"),
        status: event.status,
        // The relay hides the address that the mail leaves from.
        outmtaid_ip: "",
      };
    case "bounce_all":
    case "bounce_bad_address":
      return {
        ...common(event, event.name),
        listid: listId(event),
        bounce_type: event.bounceType,
        bounce_code: String(event.bounceCode),
        bounce_text: Array.from(event.text).slice(0, MAX_BOUNCE_TEXT).join(""),
      };
    case "open":
      return { ...common(event, "engine_open"), ...visitor(event) };
    case "click":
      return { ...common(event, "engine_click"), ...visitor(event), click_url: event.url };
    case "unsubscribe":
      return common(event, "engine_unsub");
    case "spam_complaint":
      return common(event, "scomp");
  }
}

/** An event as it is posted and, if need be, kept: its body is fixed here and never made again. */
export function kasploEntry(event: DeliveryEvent): WebhookEntry {
  const body = JSON.stringify(kasploBody(event));
  return { id: event.id, at: event.at, event: event.name, body, error: "" };
}

/** An event as /v1/events and the live feed tell it: the body, its id, and whether a machine did it. */
export function shownEvent(event: DeliveryEvent) {
  return { id: event.id, ...kasploBody(event), machine: byMachine(event) };
}

function visitor(event: { readonly ip: string; readonly userAgent: string }): KasploBody {
  return { engine_ip: event.ip, user_agent: event.userAgent };
}

function listId(event: EventBase): string {
  return event.listId.toLowerCase();
}

/** What every kind has; `eventType` is column 3 of contract 1.9.2. */
function common(event: EventBase & { readonly name: string }, eventType: string): KasploBody {
  return {
    event: event.name,
    event_type: eventType,
    timestamp: epochSeconds(event.at),
    email: event.email,
    click_tracking_id: `${event.messageId}:${event.position}`,
    tags: event.tags,
    sendid: event.sendId.toLowerCase(),
  };
}

function epochSeconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

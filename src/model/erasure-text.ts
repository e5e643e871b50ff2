// What is left of stored texts when an address is erased: of rows' columns, each of its kind. Pure.
import { isUuidv7 } from "../lib/id.ts";
import { addressKey } from "./address.ts";
import type { DeliveryEvent } from "./event.ts";
import type { Mentions } from "./mention.ts";
import type { Recipient } from "./message.ts";
import type { WebhookEntry } from "./webhook.ts";

/** What is erased: mentions of an address in what belongs to messages with ids below `bound`. */
export type Erasing = { readonly mentions: Mentions; readonly bound: string };

/**
 * What a column holds: a text; a text that only counts as a whole; JSON; an array of recipients, of events,
 * of webhook entries.
 */
export type TextKind = "text" | "whole" | "json" | "recipients" | "events" | "entries";

/** What is left of a column's value; the same value when it does not name the address. */
export function textWithout(kind: TextKind, text: string, erasing: Erasing): string | null {
  const { mentions } = erasing;
  switch (kind) {
    case "text":
      return mentions.removedFrom(text);
    case "whole":
      return mentions.foundIn(text) ? null : text;
    case "json":
      return changedJson(text, (value) => mapStrings(value, mentions.removedFrom));
    case "recipients":
      return changedJson<Recipient[]>(text, (list) => recipientsWithout(list, mentions));
    case "events":
      return changedJson<DeliveryEvent[]>(text, (list) => eventsWithout(list, erasing));
    case "entries":
      return changedJson<WebhookEntry[]>(text, (list) => entriesWithout(list, erasing));
  }
}

/** JSON of our own after a change; the same text when nothing changed. */
function changedJson<T>(text: string, change: (value: T) => unknown): string {
  const value: T = JSON.parse(text);
  const before = JSON.stringify(value);
  const after = JSON.stringify(change(value));
  return after === before ? text : after;
}

/** The value with every string in it changed, names included. */
function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [change(name), mapStrings(item, change)]),
  );
}

/** Display names do not name the address; the addresses themselves are their own. */
function recipientsWithout(
  recipients: readonly Recipient[],
  { removedFrom }: Mentions,
): readonly Recipient[] {
  return recipients.map((one) => ({ ...one, name: removedFrom(one.name) }));
}

/** Events of the address are gone, others do not mention it. */
function eventsWithout(
  events: readonly DeliveryEvent[],
  { mentions, bound }: Erasing,
): readonly DeliveryEvent[] {
  return events.flatMap((event) => {
    if (event.messageId >= bound) return [event];
    return addressKey(event.email) === mentions.key ? [] : [eventWithout(event, mentions)];
  });
}

function eventWithout(event: DeliveryEvent, { removedFrom }: Mentions): DeliveryEvent {
  const tags = removedFrom(event.tags);
  switch (event.name) {
    case "delivery_attempt":
    case "bounce_all":
    case "bounce_bad_address":
      return { ...event, tags, text: removedFrom(event.text) };
    case "click":
      return { ...event, tags, url: removedFrom(event.url) };
    case "open":
    case "unsubscribe":
    case "spam_complaint":
      return { ...event, tags };
  }
}

/** Entries about the address are gone, others do not mention it. */
function entriesWithout(
  entries: readonly WebhookEntry[],
  { mentions, bound }: Erasing,
): readonly WebhookEntry[] {
  const { removedFrom } = mentions;
  return entries.flatMap((entry) => {
    if (messageIdIn(entry.body) >= bound) return [entry];
    if (isAbout(JSON.parse(entry.body), mentions.key)) return [];
    const body = changedJson(entry.body, (value) => mapStrings(value, removedFrom));
    return [{ ...entry, body, error: removedFrom(entry.error) }];
  });
}

/** The message that a body of any format is about; "" when it names none. */
function messageIdIn(body: string): string {
  return body.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)?.find(isUuidv7) ?? "";
}

/** Whether a body says of itself that it is about the address: in `email`, or in `recipient`. */
function isAbout(body: unknown, key: string): boolean {
  if (typeof body !== "object" || body === null) return false;
  return Object.entries(body).some(
    ([name, value]) =>
      (name === "email" || name === "recipient") &&
      typeof value === "string" &&
      addressKey(value) === key,
  );
}

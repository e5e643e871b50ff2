// What is left of stored texts when an address is erased: of rows' columns, each of its kind. Pure.
import { isUuidv7 } from "../lib/id.ts";
import { addressKey } from "./address.ts";
import { type DeliveryEvent, isEvent, isTold, type LogEntry } from "./event.ts";
import { type Mentions, mentionsOf, type Reach } from "./mention.ts";
import type { Recipient } from "./message.ts";
import { sumOf, type Tuple } from "./stats-rollup.ts";
import type { WebhookEntry } from "./webhook.ts";

/** What is erased: mentions of an address in what belongs to messages with ids below `bound`. */
export type Erasing = {
  readonly mentions: Mentions;
  /** In names that senders made up, such as `order-7-ann@example.com`: there it is always the address. */
  readonly inNames: Mentions;
  readonly bound: string;
};

/** What an erasure takes from what was sent to the address, or from everything else. */
export function erasingOf(key: string, reach: Reach, bound: string): Erasing {
  return { mentions: mentionsOf(key, reach), inNames: mentionsOf(key, "sent"), bound };
}

/**
 * What a column holds: a text; a name that a sender made up; one that only counts as a whole; JSON; an array
 * of recipients, of a batch's messages, of events, of webhook entries; counts by name.
 */
export type TextKind =
  | "text"
  | "name"
  | "whole"
  | "json"
  | "recipients"
  | "items"
  | "events"
  | "entries"
  | "cells";

/** What is left of a column's value; the same value when it does not name the address. */
export function textWithout(kind: TextKind, text: string, erasing: Erasing): string | null {
  const { mentions, inNames } = erasing;
  switch (kind) {
    case "text":
      return mentions.removedFrom(text);
    case "name":
      return inNames.removedFrom(text);
    case "whole":
      return inNames.foundIn(text) ? null : text;
    case "json":
      return changedJson(text, (value) => mapStrings(value, mentions.removedFrom));
    case "recipients":
      return changedJson<Recipient[]>(text, (list) => recipientsWithout(list, mentions));
    case "items":
      return changedJson<StoredItem[]>(text, (list) =>
        list.map((item) => itemWithout(item, erasing)),
      );
    case "events":
      return changedJson<LogEntry[]>(text, (list) => eventsWithout(list, erasing));
    case "entries":
      return changedJson<WebhookEntry[]>(text, (list) => entriesWithout(list, erasing));
    case "cells":
      return changedJson<StoredCells>(text, (cells) => cellsWithout(cells, inNames));
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

function mapped(
  values: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [change(name), change(value)]),
  );
}

/** Display names do not name the address; the addresses themselves are their own. */
function recipientsWithout(
  recipients: readonly Recipient[],
  { removedFrom }: Mentions,
): readonly Recipient[] {
  return recipients.map((one) => ({ ...one, name: removedFrom(one.name) }));
}

/** A message of a batch; what it leaves out is its row's. */
type StoredItem = {
  readonly from_name?: string;
  readonly subject?: string;
  readonly tags?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly recipients: readonly Recipient[];
};

function itemWithout(item: StoredItem, { mentions, inNames }: Erasing): StoredItem {
  const { from_name: fromName, subject, tags, metadata } = item;
  const { removedFrom } = mentions;
  return {
    ...item,
    ...(fromName === undefined ? {} : { from_name: removedFrom(fromName) }),
    ...(subject === undefined ? {} : { subject: removedFrom(subject) }),
    ...(tags === undefined ? {} : { tags: inNames.removedFrom(tags) }),
    ...(metadata === undefined ? {} : { metadata: mapped(metadata, removedFrom) }),
    recipients: recipientsWithout(item.recipients, mentions),
  };
}

/** Events of the address are gone, others do not mention it. */
function eventsWithout(entries: readonly LogEntry[], erasing: Erasing): readonly LogEntry[] {
  return entries.flatMap((event): readonly LogEntry[] => {
    const tags = erasing.inNames.removedFrom(event.tags);
    if (!isTold(event)) return [{ ...event, tags }];
    if (event.messageId >= erasing.bound) return [event];
    if (addressKey(event.email) === erasing.mentions.key) return [];
    if (!isEvent(event)) return [{ ...event, tags }];
    return [eventWithout({ ...event, tags }, erasing.mentions)];
  });
}

function eventWithout(event: DeliveryEvent, { removedFrom }: Mentions): DeliveryEvent {
  switch (event.name) {
    case "delivery_attempt":
    case "bounce_all":
    case "bounce_bad_address":
      return { ...event, text: removedFrom(event.text) };
    case "click":
      return { ...event, url: removedFrom(event.url) };
    case "open":
    case "unsubscribe":
    case "spam_complaint":
      return event;
  }
}

/** Entries about the address are gone, others do not mention it. */
function entriesWithout(
  entries: readonly WebhookEntry[],
  { mentions, inNames, bound }: Erasing,
): readonly WebhookEntry[] {
  return entries.flatMap((entry) => {
    if (messageIdIn(entry.body) >= bound) return [entry];
    if (isAbout(JSON.parse(entry.body), mentions.key)) return [];
    const body = changedJson<object>(entry.body, (told) =>
      mapStrings(
        "tags" in told ? { ...told, tags: mapStrings(told.tags, inNames.removedFrom) } : told,
        mentions.removedFrom,
      ),
    );
    const last = entry.last && {
      last: { ...entry.last, answer: mentions.removedFrom(entry.last.answer) },
    };
    return [{ ...entry, body, error: mentions.removedFrom(entry.error), ...last }];
  });
}

/** The message that a body of any format is about; "" when it names none. */
function messageIdIn(body: string): string {
  return body.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)?.find(isUuidv7) ?? "";
}

/** Counts by name, for each mail class: names that are the same now count together. */
type StoredCells = Readonly<Record<string, readonly (readonly [string | null, Tuple])[]>>;

function cellsWithout(cells: StoredCells, { removedFrom }: Mentions): StoredCells {
  const byClass = Object.entries(cells).map(([mailClass, list]) => {
    const named = list.map(
      ([name, counts]) => [name === null ? null : removedFrom(name), counts] as const,
    );
    const byName = Map.groupBy(named, ([name]) => name);
    const summed = [...byName].map(
      ([name, same]) => [name, sumOf(same.map(([, counts]) => counts))] as const,
    );
    return [mailClass, summed] as const;
  });
  return Object.fromEntries(byClass);
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

// Texts that name an address beside what was sent to it: a piece of a table at a time.
import type { App } from "../../app.ts";
import { addressKey } from "../../model/address.ts";
import { type DeliveryEvent, isEvent, type LogEntry } from "../../model/event.ts";
import { type Erasing, erasingOf } from "../../model/erasure-text.ts";
import type { Mentions } from "../../model/mention.ts";
import type { WebhookEntry } from "../../model/webhook.ts";
import { itemId } from "../../model/message-item.ts";
import { shownEvent } from "../../notify/payload/kasplo.ts";
import { isBatch } from "../../store/content-items.ts";
import { readContents } from "../../store/erasure-content.ts";
import { sentAmong } from "../../store/erasure-dossier.ts";
import { readShelf, type Shelf, type ShelfRow } from "../../store/erasure-text.ts";
import { iso } from "./native.ts";

/** Whose mentions, and how many rows of them at most. */
export type Ask = { readonly address: string; readonly limit: number };

/** What was found, and where to go on in the same place; null at its end. */
export type Items = { readonly items: readonly unknown[]; readonly after: string | null };

/** Above every message id. */
const AFTER_ALL = "g";

/** Mentions in rows after one; what was sent to the address is told elsewhere. */
export async function shelfItems(
  app: App,
  shelf: Shelf,
  after: string,
  { address, limit }: Ask,
): Promise<Items> {
  const piece = await readShelf(app.db, shelf, after, [address]);
  const naming = erasingOf(address, "other", AFTER_ALL);
  const others = piece.rows.filter(({ key }) => firstOf(key) !== address);
  const told = await sentAmong(app.db, address, others.flatMap(messagesIn));
  const named = others
    .map((row) => ({ key: row.key, items: rowItems(shelf, row, naming, told) }))
    .filter(({ items }) => items.length > 0);
  return cut(named, limit, piece.next);
}

/** Mentions in contents after a number. */
export async function contentItems(
  app: App,
  after: number,
  { address, limit }: Ask,
): Promise<Items> {
  const { contents, next } = await readContents(app.db, after, [address]);
  const { mentions } = erasingOf(address, "other", AFTER_ALL);
  const heads = contents.map(({ id, ...content }) => ({ id, pieces: piecesOf(content) }));
  const ids = heads.flatMap(({ pieces }) => pieces.map(({ messageId }) => messageId));
  const told = await sentAmong(app.db, address, ids);
  const named = heads
    .map(({ id, pieces }) => ({
      key: String(id),
      items: pieces
        .filter(({ messageId }) => !told.has(messageId))
        .flatMap(({ messageId, head }) => mention("contents.head", messageId, head, mentions)),
    }))
    .filter(({ items }) => items.length > 0);
  return cut(named, limit, next === null ? null : String(next));
}

type Named = { readonly key: string; readonly items: readonly unknown[] };

/** The first rows; the page ends after the last of them when there are more. */
function cut(named: readonly Named[], limit: number, next: string | null): Items {
  const some = named.slice(0, limit);
  const last = some.at(-1);
  return {
    items: some.flatMap(({ items }) => items),
    after: last && some.length < named.length ? last.key : next,
  };
}

function firstOf(key: string): unknown {
  const values: readonly unknown[] = JSON.parse(key);
  return values[0];
}

function eventsIn({ texts }: ShelfRow): readonly DeliveryEvent[] {
  const entries: readonly LogEntry[] = JSON.parse(texts["events"] ?? "[]");
  return entries.filter(isEvent);
}

function messagesIn(row: ShelfRow): readonly string[] {
  const items = itemsIn(row).map(({ id }) => id);
  return [row.message, ...items, ...eventsIn(row).map(({ messageId }) => messageId)];
}

/** The messages of a batch with their ids. */
function itemsIn({ message, texts }: ShelfRow): readonly { id: string; text: string }[] {
  const items: readonly unknown[] = JSON.parse(texts["items"] ?? "[]");
  return items.map((item, n) => ({ id: itemId(message, n), text: JSON.stringify(item) }));
}

/** A content's head, or those of a batch's contents. */
function piecesOf(content: { readonly messageId: string; readonly head: string }) {
  if (!isBatch(content.head)) return [content];
  const heads: readonly unknown[] = JSON.parse(content.head);
  return heads.map((head, n) => ({
    messageId: itemId(content.messageId, n),
    head: JSON.stringify(head),
  }));
}

function rowItems(
  shelf: Shelf,
  row: ShelfRow,
  naming: Erasing,
  told: ReadonlySet<string>,
): readonly unknown[] {
  const { mentions, inNames } = naming;
  return Object.entries(shelf.columns).flatMap(([column, kind]): readonly unknown[] => {
    const text = row.texts[column] ?? "";
    switch (kind) {
      case "events":
        return eventsIn(row).flatMap((event) =>
          names(event, naming, told) ? [{ kind: "event", ...shownEvent(event) }] : [],
        );
      case "entries":
        return failuresIn(text, naming);
      case "items":
        return itemsIn(row)
          .filter(({ id }) => !told.has(id))
          .flatMap((item) => mention(`${shelf.table}.items`, item.id, item.text, mentions));
      case "name":
      case "whole":
      case "cells":
        if (told.has(row.message)) return [];
        return mention(`${shelf.table}.${column}`, row.message, text, inNames);
      case "text":
      case "json":
      case "recipients":
        if (told.has(row.message)) return [];
        return mention(`${shelf.table}.${column}`, row.message, text, mentions);
    }
  });
}

/** The address's own events stand beside its deliveries, while there are any. */
function names(
  event: DeliveryEvent,
  { mentions, inNames }: Erasing,
  told: ReadonlySet<string>,
): boolean {
  if (addressKey(event.email) === mentions.key) return !told.has(event.messageId);
  return inNames.foundIn(event.tags) || mentions.foundIn(plain(JSON.stringify(event)));
}

function failuresIn(text: string, { mentions }: Erasing): readonly unknown[] {
  const entries: readonly WebhookEntry[] = JSON.parse(text);
  return entries
    .filter(({ body, error, last }) =>
      [plain(body), error, last?.answer ?? ""].some(mentions.foundIn),
    )
    .map(({ id, event, at, body, error, last }) => {
      const told: unknown = JSON.parse(body);
      const answer = last?.answer ?? "";
      return {
        kind: "webhook_failure",
        event_id: id,
        event,
        at: iso(at),
        body: told,
        error,
        answer,
      };
    });
}

/** JSON in which an escaped line end is no letter beside an address. */
function plain(json: string): string {
  return json.replace(/\\[bfnrt]/g, "  ");
}

/** Characters of a text that are shown around the first mention. */
const EXCERPT = 500;

/** A text that names it; nothing for another text. */
function mention(
  place: string,
  messageId: string,
  text: string,
  { firstIn }: Mentions,
): readonly unknown[] {
  const first = firstIn(plain(text));
  if (first < 0) return [];
  const start = Math.max(0, first - EXCERPT);
  const excerpt = text.slice(start, start + 2 * EXCERPT).toWellFormed();
  return [{ kind: "mention", in: place, message_id: messageId || null, text: excerpt }];
}

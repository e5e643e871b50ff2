// What a list adds to its mail: header fields, and tags of links (F-208, F-212). Settled when the mail is
// accepted, so that every attempt sends the same. Mail without a list asks nothing.
import type { App } from "../app.ts";
import { addressKey } from "../model/address.ts";
import { parseListHeaders } from "../model/list-header.ts";
import { type ListSettings, listSettings } from "../model/list-settings.ts";
import {
  generatedSendId,
  isRaw,
  type MailClass,
  type MessageContent,
  type Recipient,
  type SendCommand,
} from "../model/message.ts";
import type { List } from "../model/list.ts";
import type { UtmTags } from "../model/utm.ts";
import { findSubscribers } from "../store/contact.ts";
import { findList } from "../store/list.ts";

/** How lists are looked up, and the numbers of those who are on one, by address key. */
export type ListReader = {
  readonly find: (name: string) => Promise<List | null>;
  readonly numbers: (
    listId: number,
    keys: readonly string[],
  ) => Promise<ReadonlyMap<string, number>>;
};

/** Looks up each time. */
export function listReader(app: App): ListReader {
  return {
    find: (name) => findList(app.db, name),
    async numbers(listId, emails) {
      const found = await findSubscribers(app.db, listId, { ids: [], emails });
      return new Map(found.map(({ contact }) => [contact.email, contact.id]));
    },
  };
}

/** Looks up each list once, and once who of all these is on it: for the many messages of one call. */
export function listReaderFor(app: App, everybody: readonly string[]): ListReader {
  const reader = listReader(app);
  const lists = new Map<string, Promise<List | null>>();
  const numbers = new Map<number, Promise<ReadonlyMap<string, number>>>();
  return {
    find: (name) => once(lists, name, () => reader.find(name)),
    numbers: (listId) => once(numbers, listId, () => reader.numbers(listId, everybody)),
  };
}

function once<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** A send with what its list adds; the same one when it names no list that there is. */
export async function asListMail(
  app: App,
  command: SendCommand,
  mailClass: MailClass,
  reader: ListReader = listReader(app),
): Promise<SendCommand> {
  const { content, listId, recipients } = command;
  // MIME that its sender made names no list.
  if (listId === null || isRaw(content)) return command;
  const list = await reader.find(listId);
  if (!list) return command;
  const settings = listSettings(list.settings);
  const sendId = command.sendId ?? generatedSendId(mailClass, app.now());
  const utm = await utmOf(reader, { listId: list.id, settings, sendId, recipients });
  const headers = [...content.headers, ...addedHeaders(settings, content)];
  return { ...command, sendId, content: { ...content, headers, ...(utm ? { utm } : {}) } };
}

/** The list's fields that the sender did not set. */
function addedHeaders(settings: ListSettings, content: MessageContent): MessageContent["headers"] {
  if (!settings.custom_headers_enabled) return [];
  const own = new Set(content.headers.map(([name]) => name.toLowerCase()));
  const headers = parseListHeaders(settings.custom_headers);
  // They were read the same way when they were set.
  return headers.ok ? headers.value.filter(([name]) => !own.has(name.toLowerCase())) : [];
}

type Tagging = {
  readonly listId: number;
  readonly settings: ListSettings;
  readonly sendId: string;
  readonly recipients: readonly Recipient[];
};

async function utmOf(reader: ListReader, tagging: Tagging): Promise<UtmTags | null> {
  const { listId, settings, sendId, recipients } = tagging;
  const analytics = settings.google_analytics;
  if (analytics === null) return null;
  const emails = recipients.map(({ address }) => addressKey(address));
  const numbers = await reader.numbers(listId, emails);
  return {
    source: analytics.source,
    campaign: sendId,
    domains: analytics.restrict_to_domain_list
      ? analytics.domain_list.map((domain) => domain.toLowerCase())
      : null,
    subscribers: emails.map((email) => numbers.get(email) ?? null),
  };
}

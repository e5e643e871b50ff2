// What a sender says about a message besides its content: `metadata`, and the tracking id that may
// stand in three places under a key whose case does not count (C-01, C-02).
import * as z from "zod";
import { entriesOf, MAX_KEYS } from "./fields.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { MAIL_CLASSES, type MailClass } from "../../model/message.ts";

/** Own keys that are stored and can be searched. */
const MAX_OWN_KEYS = 10;
const MAX_OWN_NAME_LENGTH = 40;
const MAX_OWN_VALUE_LENGTH = 500;

const TRACKING_KEY = "x-kasplo-click-tracking-id";
/** Accepted in place of the tracking key. */
const TRACKING_ALIAS = "tags";
/** C-01: longer is refused, never cut. */
const TRACKING_ID = /^[\x20-\x7e]{1,200}$/;
const MESSAGE_ID = /^[\x20-\x7e]{0,200}$/;
const SEND_ID = /^[a-z0-9_-]{0,100}$/;
/** What lists are called has spaces; without an @ it is no address, which an erasure would have to find. */
const LIST_ID = /^[\x20-\x3f\x41-\x7e]{0,255}$/;
/** Documented keys of `metadata`; they do not count as own keys. */
const DOCUMENTED: ReadonlySet<string> = new Set(["messageId", "sendId", "listId", "mailClass"]);

/** A refusal with its JSON path. */
export type Refusal = { readonly path: readonly string[]; readonly message: string };

/** `metadata`, each value as it is kept; null when absent. */
export type ParsedMetadata = {
  readonly messageId: string | null;
  readonly sendId: string | null;
  readonly listId: string | null;
  readonly mailClass: MailClass | null;
  readonly own: Readonly<Record<string, string>>;
};

/** How `metadata` looks to those who send it. */
export const metadataShape = z
  .object({
    messageId: z.string().nullish(),
    sendId: z.string().nullish(),
    listId: z.string().nullish(),
    mailClass: z.enum(MAIL_CLASSES).nullish(),
  })
  .catchall(z.string());

/** Reads `metadata`; absent and null are the same. */
export function parseMetadata(value: unknown): Result<ParsedMetadata, Refusal> {
  const entries = value === undefined || value === null ? [] : entriesOf(value);
  if (!entries) return refusal([], "must be an object of names and strings");
  const given = new Map(entries);
  const messageId = idOf(given.get("messageId"), MESSAGE_ID);
  if (!messageId.ok)
    return refusal(["messageId"], "must be at most 200 printable ASCII characters");
  const sendId = idOf(lowerCase(given.get("sendId")), SEND_ID);
  if (!sendId.ok) return refusal(["sendId"], "must be at most 100 letters, digits, _ and -");
  const listId = idOf(lowerCase(given.get("listId")), LIST_ID);
  if (!listId.ok)
    return refusal(["listId"], "must be at most 255 printable ASCII characters, no @");
  const mailClass = mailClassOf(given.get("mailClass"));
  if (!mailClass.ok) return refusal(["mailClass"], `must be ${MAIL_CLASSES.join(" or ")}`);
  const own = ownKeys(entries);
  if (!own.ok) return own;
  return ok({
    messageId: messageId.value,
    sendId: sendId.value,
    listId: listId.value,
    mailClass: mailClass.value,
    own: own.value,
  });
}

function refusal(path: readonly string[], message: string) {
  return fail({ path: ["metadata", ...path], message });
}

function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

/** An id that fits its pattern, or null when it is absent or empty. */
function idOf(value: unknown, pattern: RegExp): Result<string | null, null> {
  if (value === undefined || value === null || value === "") return ok(null);
  return typeof value === "string" && pattern.test(value) ? ok(value) : fail(null);
}

function mailClassOf(value: unknown): Result<MailClass | null, null> {
  if (value === undefined || value === null) return ok(null);
  const known = MAIL_CLASSES.find((mailClass) => mailClass === value);
  return known ? ok(known) : fail(null);
}

function ownKeys(
  entries: readonly (readonly [string, unknown])[],
): Result<Readonly<Record<string, string>>, Refusal> {
  const own: [string, string][] = [];
  for (const [name, value] of entries) {
    if (DOCUMENTED.has(name) || isTrackingKey(name) || value === null) continue;
    if (name.length < 1 || name.length > MAX_OWN_NAME_LENGTH) {
      return refusal([], `must have names of 1–${MAX_OWN_NAME_LENGTH} characters`);
    }
    if (typeof value !== "string" || value.length > MAX_OWN_VALUE_LENGTH) {
      return refusal([name], `must be a string of at most ${MAX_OWN_VALUE_LENGTH} characters`);
    }
    if (own.length === MAX_OWN_KEYS) {
      return refusal([], `must have at most ${MAX_OWN_KEYS} keys of your own`);
    }
    own.push([name, value]);
  }
  return ok(Object.fromEntries(own));
}

function isTrackingKey(name: string): boolean {
  return name === TRACKING_ALIAS || name.toLowerCase() === TRACKING_KEY;
}

/** The tracking id at the top level, inside `email` or inside `metadata`; null when there is none. */
export function trackingIdOf(body: ReadonlyMap<string, unknown>): Result<string | null, Refusal> {
  let found: string | null = null;
  const places = [
    { path: [], entries: [...body] },
    { path: ["email"], entries: entriesIn(body.get("email")) },
    { path: ["metadata"], entries: entriesIn(body.get("metadata")) },
  ];
  for (const { path: parents, entries } of places) {
    if (!entries) return fail({ path: parents, message: `must have at most ${MAX_KEYS} keys` });
    for (const [name, value] of entries) {
      if (!isTrackingKey(name) || value === undefined || value === null) continue;
      const path = [...parents, name];
      if (typeof value !== "string" || !TRACKING_ID.test(value)) {
        return fail({ path, message: "must be 1–200 printable ASCII characters" });
      }
      if (found !== null && found !== value) {
        return fail({ path, message: "is given twice with different values" });
      }
      found = value;
    }
  }
  return ok(found);
}

/** The entries of an object, none of anything else (that is refused elsewhere), null when too many. */
function entriesIn(value: unknown): readonly (readonly [string, unknown])[] | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? entriesOf(value)
    : [];
}

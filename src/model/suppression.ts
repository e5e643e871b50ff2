// What is not written to, and why: entries, scopes, and which of several entries is the reason (C-26,
// D-08).
import { md5Hex } from "../lib/digest.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { addressKey, parseAddress, parseDomain } from "./address.ts";
import { MAIL_CLASSES, type MailClass } from "./message.ts";

/** Why an address is not written to, in the order of precedence: the first that applies is the reason. */
export const SUPPRESSION_SCOPES = [
  "global",
  "complaint",
  "bounce",
  "unsubscribe",
  "transactional",
] as const;
export type SuppressionScope = (typeof SUPPRESSION_SCOPES)[number];

/** What an entry names, in the order of precedence within a scope: the narrowest first. */
export const SUPPRESSION_TYPES = ["email", "md5", "domain"] as const;
export type SuppressionType = (typeof SUPPRESSION_TYPES)[number];

/** One entry in one scope. */
export type Suppression = {
  /** A lower-cased address, `@domain`, or `md5:<hex>`. */
  readonly entry: string;
  readonly scope: SuppressionScope;
  /** What who added it wrote, or the words of the relay; one line. */
  readonly reason: string;
  /** The message whose event asked for it, or null. */
  readonly messageId: string | null;
  /** The API key that added it, or null when Edgepost did. */
  readonly keyId: string | null;
  /** Epoch milliseconds. */
  readonly createdAt: number;
};

/** An entry that somebody asks to add. */
export type NewSuppression = Pick<Suppression, "entry" | "scope" | "reason">;

/** One change of an entry: what is kept of those that were removed. */
export type SuppressionChange = {
  readonly scope: SuppressionScope;
  readonly action: "added" | "removed";
  readonly at: number;
  readonly keyId: string | null;
  readonly reason: string;
  readonly messageId: string | null;
};

/** What an MD5 entry begins with. */
export const MD5_PREFIX = "md5:";
const MD5 = /^[0-9a-f]{32}$/;

/** The scopes that stop a mail class: an unsubscribe stops marketing only. */
export function scopesThatStop(mailClass: MailClass): readonly SuppressionScope[] {
  const other = mailClass === "marketing" ? "transactional" : "unsubscribe";
  return SUPPRESSION_SCOPES.filter((scope) => scope !== other);
}

/** The mail classes that a scope stops. */
export function classesStoppedBy(scope: SuppressionScope): readonly MailClass[] {
  return MAIL_CLASSES.filter((mailClass) => scopesThatStop(mailClass).includes(scope));
}

/** The entry of an address; the error says what is wrong. */
export function emailEntry(text: string): Result<string, string> {
  const address = parseAddress(text);
  return address.ok ? ok(addressKey(address.value)) : address;
}

/** The entry of every address at exactly this domain, given with or without its @. */
export function domainEntry(text: string): Result<string, string> {
  const domain = parseDomain(text.startsWith("@") ? text.slice(1) : text);
  return domain.ok ? ok(`@${domain.value}`) : fail("must be a domain such as example.com");
}

/** The entry of the address whose lower-cased form has this MD5, 32 hex digits. */
export function md5Entry(text: string): Result<string, string> {
  const digest = text.toLowerCase();
  return MD5.test(digest)
    ? ok(MD5_PREFIX + digest)
    : fail("must be the MD5 of a lower-cased address: 32 hex digits");
}

/** An entry as one text, as lists hold it: an address, `@domain`, an MD5 alone or after `md5:`. */
export function parseEntry(text: string): Result<string, string> {
  if (text.startsWith("@")) return domainEntry(text);
  if (/^md5:/i.test(text)) return md5Entry(text.slice(MD5_PREFIX.length));
  if (/^[0-9a-f]{32}$/i.test(text)) return md5Entry(text);
  const address = emailEntry(text);
  return address.ok ? address : fail(`${address.error}; or be an @domain or an MD5`);
}

/** What an entry names. */
export function entryType(entry: string): SuppressionType {
  if (entry.startsWith("@")) return "domain";
  return entry.startsWith(MD5_PREFIX) ? "md5" : "email";
}

/** An entry without the mark of its type: the address, the domain or the hash alone. */
export function bareEntry(entry: string): string {
  switch (entryType(entry)) {
    case "email":
      return entry;
    case "domain":
      return entry.slice(1);
    case "md5":
      return entry.slice(MD5_PREFIX.length);
  }
}

/** Every entry that could stop an address, given its key. */
export function entriesThatStop(key: string): readonly string[] {
  return [key, `@${key.slice(key.indexOf("@") + 1)}`, MD5_PREFIX + md5Hex(key)];
}

/** Sorts the entries that stop an address: the first is the reason that is told. */
export function byPrecedence(
  a: Pick<Suppression, "entry" | "scope">,
  b: Pick<Suppression, "entry" | "scope">,
): number {
  const place = ({ entry, scope }: Pick<Suppression, "entry" | "scope">) =>
    SUPPRESSION_SCOPES.indexOf(scope) * SUPPRESSION_TYPES.length +
    SUPPRESSION_TYPES.indexOf(entryType(entry));
  return place(a) - place(b);
}

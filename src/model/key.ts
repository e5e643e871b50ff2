// API keys: their format, families and scopes. Only a SHA-256 of a key is ever stored (decision 2).
import { crc32Base62, randomBase62 } from "../lib/base62.ts";
import type { MailClass } from "./message.ts";
import { type KeyLimits, NO_LIMITS } from "./plan.ts";

/** Which API a key opens; a key of one family never works on another (R4). */
export const KEY_FAMILIES = ["kasplo", "kasapost", "audience", "mailing_lists"] as const;
export type KeyFamily = (typeof KEY_FAMILIES)[number];

/** What a key may do. */
export const SCOPES = ["send", "read", "manage"] as const;
export type Scope = (typeof SCOPES)[number];

/** An API key as the product knows it; the key itself is shown once and never kept. */
export type Key = {
  readonly id: string;
  readonly name: string;
  readonly family: KeyFamily;
  readonly scopes: readonly Scope[];
  /** The one sender domain of a kasapost key, else null. */
  readonly domain: string | null;
  /** The only class the key may send, or null for both. */
  readonly mailClass: MailClass | null;
  /** Lower limits than the account's, in recipients. */
  readonly limits: KeyLimits;
  /** Prefix and last four characters, to tell keys apart. */
  readonly hint: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** The last use that was written down. */
  readonly lastUsedAt: number | null;
  /** Until when the secret before the last rotation works on, or did; null: there was none. */
  readonly previousUntil: number | null;
};

/** The key of who acts without one that is stored: it has no limits of its own, and nothing ends it. */
export function standInKey(given: Pick<Key, "id" | "name" | "scopes"> & Partial<Key>): Key {
  return {
    family: "kasplo",
    domain: null,
    mailClass: null,
    limits: NO_LIMITS,
    hint: "",
    createdAt: 0,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    previousUntil: null,
    ...given,
  };
}

const PREFIXES: Readonly<Record<KeyFamily, string>> = {
  kasplo: "ep_live",
  kasapost: "kp_live",
  audience: "au_live",
  mailing_lists: "ml_live",
};

/** 43 base62 characters hold 256 bits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** A new key: `<prefix>_<43 base62 characters>_<6-character checksum>`. */
export function makeKey(family: KeyFamily): string {
  const body = `${PREFIXES[family]}_${randomBase62(SECRET_LENGTH)}`;
  return `${body}_${crc32Base62(body, CHECKSUM_LENGTH)}`;
}

/** The family of a well-formed key whose checksum holds, else null: a typo costs no database read. */
export function familyOf(key: string): KeyFamily | null {
  const family = KEY_FAMILIES.find((name) => key.startsWith(`${PREFIXES[name]}_`));
  if (!family) return null;
  const body = key.slice(0, PREFIXES[family].length + 1 + SECRET_LENGTH);
  const secret = body.slice(PREFIXES[family].length + 1);
  const wellFormed = secret.length === SECRET_LENGTH && /^[0-9A-Za-z]+$/.test(secret);
  return wellFormed && key === `${body}_${crc32Base62(body, CHECKSUM_LENGTH)}` ? family : null;
}

/** What people see of a key: enough to recognise it, not to use it. */
export function hintOf(key: string): string {
  return `${key.slice(0, 7)}_…${key.slice(-4)}`;
}

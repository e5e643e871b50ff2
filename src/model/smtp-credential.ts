// Who may log in at the SMTP gateway: a user name in address form, by whose domain the gateway finds this
// Worker, and a password of which only a SHA-256 is stored (F-002).
import { randomBase62 } from "../lib/base62.ts";
import type { Key } from "./key.ts";
import type { MailClass } from "./message.ts";
import { NO_LIMITS } from "./plan.ts";

/** An SMTP credential as the product knows it; the password is shown once and never kept. */
export type SmtpCredential = {
  readonly id: string;
  readonly name: string;
  /** What stands behind the @ of the user name; says nothing of who may be written for. */
  readonly domain: string;
  /** The one domain that From may have, or null for every verified one. */
  readonly senderDomain: string | null;
  /** The only class it sends, or null for transactional. */
  readonly mailClass: MailClass | null;
  readonly requireTls: boolean;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
};

/** 32 base62 characters hold 190 bits. */
const PASSWORD_LENGTH = 32;

/** Characters of the local part: lower case, because mail programs may fold it. */
const ID_LENGTH = 16;
const ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** A new id, which stands before the @ of the user name. */
export function makeCredentialId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return Array.from(bytes, (byte) => ID_ALPHABET.charAt(byte % ID_ALPHABET.length)).join("");
}

/** A new password. */
export function makePassword(): string {
  return randomBase62(PASSWORD_LENGTH);
}

/** What a mail program logs in with. */
export function usernameOf({ id, domain }: Pick<SmtpCredential, "id" | "domain">): string {
  return `${id}@${domain}`;
}

/** The id and the domain of a user name; empty ones, which nobody has, when it is not one of ours. */
export function parseUsername(text: string): { readonly id: string; readonly domain: string } {
  const [, id = "", domain = ""] =
    /^([a-z2-7]{16})@([a-z0-9.-]{1,253})$/.exec(text.toLowerCase()) ?? [];
  return { id, domain };
}

/** Whether it can be used at this moment. */
export function isUsable(
  { revokedAt, expiresAt }: Pick<SmtpCredential, "revokedAt" | "expiresAt">,
  now: number,
): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

/** What the credential may do, in the words of the checks that every send passes. */
export function keyOf(credential: SmtpCredential): Key {
  const { id, name, senderDomain, mailClass, createdAt, expiresAt, revokedAt, lastUsedAt } =
    credential;
  return {
    id,
    name,
    family: "kasplo",
    scopes: ["send"],
    domain: senderDomain,
    mailClass,
    limits: NO_LIMITS,
    hint: usernameOf(credential),
    createdAt,
    expiresAt,
    revokedAt,
    lastUsedAt,
    previousUntil: null,
  };
}

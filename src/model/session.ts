// Sessions of people: an opaque token in a cookie, of which only a SHA-256 is stored; when one ends; and the
// key that whoever is signed in acts as. Pure but for the randomness of new tokens.
import { randomBase62 } from "../lib/base62.ts";
import { type Key, standInKey } from "./key.ts";
import { classOf, scopesOf } from "./permission.ts";
import type { User } from "./user.ts";

/** A session that is good, and whose it is. */
export type Session = {
  readonly id: string;
  readonly user: User;
  readonly createdAt: number;
  /** The last use that was written down. */
  readonly seenAt: number;
  readonly expiresAt: number;
};

/** A night at home ends a session; OWASP ASVS 5.0 V7.3.1 leaves the term to the product. */
export const IDLE_MS = 12 * 60 * 60 * 1_000;
/** Nobody stays in for longer without the password (V7.3.2). */
export const ABSOLUTE_MS = 7 * 24 * 60 * 60 * 1_000;
/** A use is written down so often: each costs a row. */
export const SEEN_EVERY_MS = 5 * 60 * 1_000;

/** 43 base62 characters hold 256 bits. */
const TOKEN_LENGTH = 43;

/** A new token. */
export function makeSessionToken(): string {
  return randomBase62(TOKEN_LENGTH);
}

/** Whether a text can be a token: anything else costs no database read. */
export function isSessionToken(text: string): boolean {
  return text.length === TOKEN_LENGTH && /^[0-9A-Za-z]+$/.test(text);
}

/** Names of the cookie (decision 20): browsers take `__Host-` only with Secure, and that only over https. */
const SECURE_NAME = "__Host-edgepost";
const LOOPBACK_NAME = "edgepost";

/** How the cookie is named and flagged at an origin: plain http is for loopback alone. */
function formAt(origin: string): { readonly name: string; readonly flags: string } {
  const { protocol, hostname } = new URL(origin);
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  const flags = "Path=/; HttpOnly; SameSite=Strict";
  return protocol === "http:" && isLoopback
    ? { name: LOOPBACK_NAME, flags }
    : { name: SECURE_NAME, flags: `${flags}; Secure` };
}

/** `Set-Cookie` of a session (RFC 6265 §4.1); of none when it has ended. */
export function cookieOf(
  origin: string,
  session: { readonly token: string; readonly maxAgeMs: number },
): string {
  const { name, flags } = formAt(origin);
  return `${name}=${session.token}; Max-Age=${Math.floor(session.maxAgeMs / 1_000)}; ${flags}`;
}

/** `Set-Cookie` that takes it away. */
export function noCookie(origin: string): string {
  return cookieOf(origin, { token: "", maxAgeMs: 0 });
}

/** The token in a `Cookie` header, or null. */
export function tokenIn(origin: string, cookies: string | null): string | null {
  const { name } = formAt(origin);
  const prefix = `${name}=`;
  const found = (cookies ?? "").split(/; */).find((cookie) => cookie.startsWith(prefix));
  return found ? found.slice(prefix.length) : null;
}

/** What a form of any page can send without asking first (Fetch §2.2.2, CORS-safelisted request-header). */
const FORM_TYPES =
  /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(?:;|$)/i;

/**
 * Whether a browser made this request for a page of another origin. Browsers add Origin to every request that is
 * no GET, and Sec-Fetch-Site to all; what has neither, and is no form's, is no browser, and nobody makes it do anything.
 */
export function isForeign(origin: string, method: string, headers: Headers): boolean {
  if (method === "GET" && headers.get("Upgrade")?.toLowerCase() !== "websocket") return false;
  const asked = headers.get("Origin");
  if (asked !== null) return asked !== origin;
  const site = headers.get("Sec-Fetch-Site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  return FORM_TYPES.test(headers.get("Content-Type") ?? "");
}

/** Who is signed in, as the key that the rest of the house knows: its id is the user's. */
export function keyOfUser(user: User): Key {
  return standInKey({
    id: user.id,
    name: user.email,
    scopes: scopesOf(user.role),
    mailClass: classOf(user),
    createdAt: user.createdAt,
  });
}

// The second factor of a user: codes of an authenticator app, and recovery codes for who lost it. Pure but for the
// randomness of new secrets, and the hash.
import { fromBase32, toBase32 } from "../lib/base32.ts";
import { sha256Hex } from "../lib/digest.ts";
import { DIGITS, SECRET_BYTES } from "../lib/totp.ts";

/** How many codes somebody gets for when the app is lost. */
export const RECOVERY_CODES = 10;
/** 80 bits each: nobody guesses one, so a plain hash keeps it. */
const RECOVERY_BYTES = 10;

/** A new secret, base32 in upper case, as authenticator apps take it. */
export function makeSecret(): string {
  return toBase32(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toUpperCase();
}

/** The bytes of a stored secret. */
export function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase32(secret);
  if (!bytes) throw new Error("a stored TOTP secret is not base32");
  return bytes;
}

/** What a stored secret is sealed for: it opens for no other user. */
export function sealedFor(userId: string): string {
  return `second factor:${userId}`;
}

/** New recovery codes, in groups of four: `abcd-efgh-ijkl-mnop`. */
export function makeRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const text = toBase32(crypto.getRandomValues(new Uint8Array(RECOVERY_BYTES)));
    return text.replaceAll(/(.{4})(?=.)/g, "$1-");
  });
}

/** What a recovery code is kept as; however it was typed. */
export function recoveryHash(userId: string, code: string): Promise<string> {
  return sha256Hex(`recovery ${userId} ${code.toLowerCase().replaceAll(/[\s-]/g, "")}`);
}

/** The digits of a code of the app, or null when it is none: then it may be a recovery code. */
export function appCode(code: string): string | null {
  const digits = code.replaceAll(/\s/g, "");
  return digits.length === DIGITS && /^\d+$/.test(digits) ? digits : null;
}

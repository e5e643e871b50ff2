// Passwords at rest: scrypt (RFC 7914) with a salt of their own, as `scrypt$N$r$p$salt$hash`, base64url.
// The derivation is synchronous: an isolate has one thread, so it makes one at a time and needs 16 MB.
import { scryptSync } from "node:crypto";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { sameBytes } from "./digest.ts";

/** OWASP's third choice of equal strength (N = 2^14, r = 8, p = 5): the one that fits 128 MB best. */
const COST = { N: 16_384, r: 8, p: 5 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What a password is stored as. */
export function hashPassword(password: string): string {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const { N, r, p } = COST;
  return ["scrypt", N, r, p, toBase64Url(salt), toBase64Url(derive(password, salt))].join("$");
}

/**
 * Whether a password is the one that was hashed. With null (nobody, or somebody without a password) it takes as
 * long and says no.
 */
export function isPassword(password: string, hashed: string | null): boolean {
  const [scheme, n, r, p, salt, hash] = (hashed ?? NOBODYS).split("$");
  const isOurs = [n, r, p].join() === [COST.N, COST.r, COST.p].join();
  const [saltBytes, hashBytes] = [fromBase64Url(salt ?? ""), fromBase64Url(hash ?? "")];
  if (scheme !== "scrypt" || !isOurs || !saltBytes || !hashBytes) {
    throw new Error("a stored password is not of the form scrypt$16384$8$5$salt$hash");
  }
  return sameBytes(derive(password, saltBytes), hashBytes) && hashed !== null;
}

/** What is derived for whoever does not exist. */
const NOBODYS = ["scrypt", COST.N, COST.r, COST.p, "AAAAAAAAAAAAAAAAAAAAAA", "A".repeat(43)].join(
  "$",
);

function derive(password: string, salt: Uint8Array): Uint8Array {
  // The same letters are the same password on every keyboard (RFC 8265 §4.2.1).
  return new Uint8Array(scryptSync(password.normalize("NFC"), salt, HASH_BYTES, COST));
}

// What other APIs call this deployment: one deployment is one account (decision 1). Both are made from the
// encryption key, so that they stay when the database is restored, and tell nothing of it.
import { hex, utf8 } from "../lib/bytes.ts";
import { deriveSecret, hmacSha256With } from "../lib/digest.ts";

/** Bytes of the digest that an `org_id` is made of: a number that every client can hold. */
const ORG_ID_BYTES = 4;

/** The `org_id` of the Mailing Lists API, a decimal number. */
export async function orgIdOf(encryptionKey: string): Promise<string> {
  const digest = await hmacSha256With(await deriveSecret(encryptionKey, "edgepost org_id"));
  const bytes = (await digest(utf8("account"))).slice(0, ORG_ID_BYTES);
  return String(bytes.reduce((number, byte) => number * 256 + byte, 0) >>> 1);
}

/** Hex digits of a `sid`. */
const SID_LENGTH = 16;

/** The `sid` of the Audience API. */
export async function sidOf(encryptionKey: string): Promise<string> {
  const digest = await hmacSha256With(await deriveSecret(encryptionKey, "edgepost sid"));
  return hex(await digest(utf8("account"))).slice(0, SID_LENGTH);
}

// What other APIs call this deployment: one deployment is one account (decision 1). Both are made from the
// encryption key, so that they stay when the database is restored, and tell nothing of it.
import { hex, utf8 } from "../lib/bytes.ts";
import { deriveSecret, hmacSha256With } from "../lib/digest.ts";

/** Hex digits of a `sid`. */
const SID_LENGTH = 16;

/** The `sid` of the Audience API. */
export async function sidOf(encryptionKey: string): Promise<string> {
  const digest = await hmacSha256With(await deriveSecret(encryptionKey, "edgepost sid"));
  return hex(await digest(utf8("account"))).slice(0, SID_LENGTH);
}

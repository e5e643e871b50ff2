// Who an SMTP session belongs to: user name and password → credential, and later the credential's id →
// the key that it sends with.
import type { App } from "../app.ts";
import { sameBytes, sha256Hex } from "../lib/digest.ts";
import { utf8 } from "../lib/bytes.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import type { Problem } from "../model/problem.ts";
import { isUsable, parseUsername, type SmtpCredential } from "../model/smtp-credential.ts";
import { findCredential } from "../store/smtp-credential.ts";
import { noteUse } from "./last-use.ts";

/** A revoked credential stops within 30 s, the time of a slow read included. */
const CREDENTIAL_TTL_MS = 25_000;

/** What is compared with when there is no such user: of the same length as every other digest. */
const NOBODY = "0".repeat(64);

const credentials = ttlCache<SmtpCredential | null>({
  ttlMs: CREDENTIAL_TTL_MS,
  maxEntries: 1_000,
});

/** The credential of a user name and password, or null. An unknown user takes the same way as a known one. */
export async function logIn(
  app: App,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<SmtpCredential | null> {
  const { id, domain } = parseUsername(username);
  const [found, hash] = await Promise.all([findCredential(app.db, id), sha256Hex(password)]);
  const right = sameBytes(utf8(hash), utf8(found?.hash ?? NOBODY));
  const credential = found?.credential ?? null;
  if (!right || credential?.domain !== domain || !isUsable(credential, app.now())) return null;
  noteUse(app, "smtp_credentials", credential);
  return credential;
}

/** The credential with this id, if it can still be used. Known for a short while. */
export async function usableCredential(
  app: App,
  id: string,
): Promise<Result<SmtpCredential, Problem>> {
  const now = app.now();
  const credential = await credentials.get(
    id,
    now,
    async () => (await findCredential(app.db, id))?.credential ?? null,
  );
  if (!credential || !isUsable(credential, now)) {
    const reason = "this SMTP credential does not exist, was revoked or has expired";
    return fail({ kind: "invalid_credentials", reason });
  }
  noteUse(app, "smtp_credentials", credential);
  return ok(credential);
}

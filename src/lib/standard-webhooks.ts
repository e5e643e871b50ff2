// Standard Webhooks (standardwebhooks.com, spec 1.0): secrets and signatures. A signature covers
// `id.timestamp.body`, so the id must not contain a dot.
import { fromBase64, toBase64, utf8 } from "./bytes.ts";
import { hmacSha256 } from "./digest.ts";

const SECRET_PREFIX = "whsec_";

/** The specification asks for 24 to 64 random bytes. */
const SECRET_BYTES = 32;

/** A new secret: `whsec_<base64 of 32 random bytes>`. */
export function makeWebhookSecret(): string {
  return SECRET_PREFIX + toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** What is signed; `timestamp` in epoch seconds. */
export type Signable = { readonly id: string; readonly timestamp: number; readonly body: string };

/**
 * The value of `webhook-signature`: one `v1,<base64>` for each secret, space-separated, so that a
 * receiver may know any of them. Throws when a secret is not `whsec_<base64>`.
 */
export async function signWebhook(secrets: readonly string[], message: Signable): Promise<string> {
  const data = utf8(`${message.id}.${message.timestamp}.${message.body}`);
  const signatures = await Promise.all(
    secrets.map(async (secret) => `v1,${toBase64(await hmacSha256(keyOf(secret), data))}`),
  );
  return signatures.join(" ");
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : "";
  const bytes = fromBase64(text);
  if (!bytes || bytes.length === 0) throw new Error("a webhook secret must be whsec_<base64>");
  return bytes;
}

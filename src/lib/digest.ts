// SHA-256, HMAC-SHA-256 and HKDF over WebCrypto, and MD5, of which a call needs hundreds, without a promise for each.
import { createHash } from "node:crypto";
import { fromBase64, hex, utf8 } from "./bytes.ts";

/** Lower-case hex SHA-256 of a text or of bytes. */
export async function sha256Hex(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? utf8(data) : data;
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Whether two byte arrays are the same; the time does not tell where they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}

/** HMAC-SHA-256 (RFC 2104) of bytes under a secret. */
export async function hmacSha256(
  secret: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await hmacSha256With(secret))(data);
}

/** HMAC-SHA-256 of much data under one secret. */
export async function hmacSha256With(
  secret: Uint8Array<ArrayBuffer>,
): Promise<(data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return async (data) => new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

/** A secret of 32 bytes for one purpose, derived from the deployment's key by HKDF (RFC 5869). */
export async function deriveSecret(
  encryptionKey: string,
  purpose: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const secret = fromBase64(encryptionKey) ?? utf8(encryptionKey);
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = utf8(purpose);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
}

/** Lower-case hex MD5 (RFC 1321) of a text: for lists that others hashed, never for security. */
export function md5Hex(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

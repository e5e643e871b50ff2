// base64url without padding (RFC 4648 §5), one text for each byte array and no other.
import { fromBase64, toBase64 } from "./bytes.ts";

/** Bytes as base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of a base64url text, or null when it is none or not the one that its bytes encode to. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const padded = text + "=".repeat((4 - (text.length % 4)) % 4);
  const bytes = fromBase64(padded.replaceAll("-", "+").replaceAll("_", "/"));
  return bytes && toBase64Url(bytes) === text ? bytes : null;
}

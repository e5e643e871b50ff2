// Secrets at rest: AES-256-GCM under the deployment's ENCRYPTION_KEY. Sealed text is
// base64(nonce | ciphertext | tag) and bound to what it is for, so that it cannot be moved elsewhere.
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from "./bytes.ts";

const NONCE_BYTES = 12;

/** Encrypts a secret; `purpose` (such as `relay:<id>`) must be given again to open it. */
export async function seal(key: string, purpose: string, secret: string): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: utf8(purpose) };
  const sealed = await crypto.subtle.encrypt(parameters, await importKey(key), utf8(secret));
  return toBase64(concat([nonce, new Uint8Array(sealed)]));
}

/** Decrypts what seal() made. Throws when the key or the purpose is another one. */
export async function open(key: string, purpose: string, sealed: string): Promise<string> {
  const bytes = fromBase64(sealed);
  if (!bytes) throw new Error(`sealed secret for ${purpose} is not base64`);
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: utf8(purpose) };
  const ciphertext = bytes.subarray(NONCE_BYTES);
  return fromUtf8(
    new Uint8Array(await crypto.subtle.decrypt(parameters, await importKey(key), ciphertext)),
  );
}

async function importKey(key: string): Promise<CryptoKey> {
  const bytes = fromBase64(key);
  if (bytes?.length !== 32) throw new Error("ENCRYPTION_KEY must be 32 bytes in base64");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

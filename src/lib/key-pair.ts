// New key pairs for signing, in the forms that DKIM and storage want. WebCrypto only.
import { fromBase64, toBase64 } from "./bytes.ts";

/** Which kind of signature. */
export type SigningAlgorithm = "rsa-sha256" | "ed25519-sha256";

/** Both halves as base64: PKCS#8, and the SubjectPublicKeyInfo (RSA) or the 32 bytes (Ed25519). */
export type KeyPair = { readonly privateKey: string; readonly publicKey: string };

/** As long as every receiver takes, and as a record of DNS carries (RFC 8301 §3.2). */
const RSA_BITS = 2048;

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const ED25519 = { name: "Ed25519" } as const;

/** Makes a pair. */
export async function makeKeyPair(algorithm: SigningAlgorithm): Promise<KeyPair> {
  const parameters =
    algorithm === "rsa-sha256"
      ? { ...RSA, modulusLength: RSA_BITS, publicExponent: Uint8Array.of(1, 0, 1) }
      : ED25519;
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error(`${algorithm} gave no key pair`);
  const form = algorithm === "rsa-sha256" ? "spki" : "raw";
  return {
    privateKey: await exported("pkcs8", pair.privateKey),
    publicKey: await exported(form, pair.publicKey),
  };
}

/** Imports the private half for signing. Throws when it is none. */
export async function importPrivateKey(
  algorithm: SigningAlgorithm,
  privateKey: string,
): Promise<CryptoKey> {
  const bytes = fromBase64(privateKey);
  if (!bytes) throw new Error("a private key is not base64");
  const parameters = algorithm === "rsa-sha256" ? RSA : ED25519;
  return crypto.subtle.importKey("pkcs8", bytes, parameters, false, ["sign"]);
}

async function exported(form: "pkcs8" | "spki" | "raw", key: CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.exportKey(form, key);
  if (!(bytes instanceof ArrayBuffer)) throw new Error(`a key has no ${form} form`);
  return toBase64(new Uint8Array(bytes));
}

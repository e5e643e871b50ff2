// The keys that sign what a deployment puts into mail to read it again: links and return paths. The first
// of LINK_KEYS signs, all verify; without any a key is derived from ENCRYPTION_KEY.
import { hex } from "../lib/bytes.ts";
import { deriveSecret } from "../lib/digest.ts";
import type { Config, NamedSecret } from "./config.ts";

/** The id of the key that is derived from ENCRYPTION_KEY; it verifies beside those of LINK_KEYS. */
const DERIVED_KEY_ID = "0";

/** A key that signs, and every key that verifies, by id. */
export type KeyRing = {
  readonly signing: { readonly id: string; readonly key: CryptoKey };
  readonly verifying: ReadonlyMap<string, CryptoKey>;
};

/** The ring of a configuration; its keys are imported when they are first asked for. */
export function tokenKeys(config: Config): () => Promise<KeyRing> {
  let ring: Promise<KeyRing> | null = null;
  return () => (ring ??= importKeys(config));
}

async function importKeys(config: Config): Promise<KeyRing> {
  const secret = await deriveSecret(config.encryptionKey, "edgepost link tokens");
  const derived = { id: DERIVED_KEY_ID, secret };
  const named = config.linkKeys.some(({ id }) => id === DERIVED_KEY_ID);
  const secrets: readonly NamedSecret[] = named ? config.linkKeys : [...config.linkKeys, derived];
  const keys = await Promise.all(
    secrets.map(async ({ id, secret }) => ({ id, key: await importKey(secret) })),
  );
  const signing = keys[0];
  if (!signing) throw new Error("there is no key to sign links with");
  return { signing, verifying: new Map(keys.map(({ id, key }) => [id, key])) };
}

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
}

/** The first bytes of the HMAC-SHA-256 (RFC 2104) of a payload. */
export async function tagOf(
  key: CryptoKey,
  payload: Uint8Array<ArrayBuffer>,
  bytes: number,
): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, payload)).subarray(0, bytes);
}

export const UUID_BYTES = 16;

/** The bytes of a UUID in lower case. */
export function uuidBytes(id: string): readonly number[] {
  const digits = id.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/.test(digits)) throw new Error("an id is no UUID in lower case");
  return Array.from({ length: UUID_BYTES }, (_, n) =>
    Number.parseInt(digits.slice(n * 2, n * 2 + 2), 16),
  );
}

/** The UUID of 16 bytes. */
export function uuidText(bytes: Uint8Array): string {
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A number below 65,536 as two bytes. */
export function uint16(value: number): readonly [number, number] {
  if (value < 0 || value > 0xffff) throw new RangeError(`${value} does not fit 16 bits`);
  return [value >> 8, value & 0xff];
}

/** The number of two bytes. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

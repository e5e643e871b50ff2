// ECDSA over P-256 with SHA-256, as others sign: keys as SubjectPublicKeyInfo, signatures as DER.
import { concat, fromBase64 } from "./bytes.ts";

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Octets of each half of a signature. */
const HALF = 32;

/** The public key of a SubjectPublicKeyInfo in base64, with or without PEM lines; null when it is none. */
export async function importP256(text: string): Promise<CryptoKey | null> {
  const spki = fromBase64(text.replaceAll(/-----(?:BEGIN|END) PUBLIC KEY-----|\s+/g, ""));
  if (!spki || spki.length === 0) return null;
  try {
    return await crypto.subtle.importKey("spki", spki, CURVE, false, ["verify"]);
  } catch {
    return null;
  }
}

/** Whether the owner of the key made this DER signature of the data. */
export async function verifyP256(
  key: CryptoKey,
  der: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const raw = rawSignature(der);
  return raw !== null && crypto.subtle.verify({ ...CURVE, hash: "SHA-256" }, key, raw, data);
}

/** `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3) as WebCrypto takes it; null when it is none. */
function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const r = integerAt(der, 2);
  const s = r && integerAt(der, r.end);
  return r && s && s.end === der.length ? concat([r.octets, s.octets]) : null;
}

/** A positive INTEGER of at most 32 octets, filled up with zeros before it. */
function integerAt(der: Uint8Array, start: number) {
  const length = der[start + 1] ?? 0;
  const end = start + 2 + length;
  if (der[start] !== 0x02 || length === 0 || end > der.length) return null;
  const value = der.subarray(start + 2, end);
  const first = value.findIndex((octet) => octet !== 0);
  const digits = first < 0 ? new Uint8Array() : value.subarray(first);
  if (digits.length > HALF) return null;
  return { octets: concat([new Uint8Array(HALF - digits.length), digits]), end };
}

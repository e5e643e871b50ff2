// Codes of the time (RFC 6238): HMAC-SHA-1 of the number of the 30 seconds that a moment lies in, as authenticator
// apps make them. Pure.

/** So long a code is shown (RFC 6238 §4.1 X). */
const STEP_MS = 30_000;
export const DIGITS = 6;

/** What people's clocks may be off: one step before and after (RFC 6238 §5.2). */
const DRIFT = [-1, 0, 1];

/** As long as the hash is (RFC 4226 §4 R6). */
export const SECRET_BYTES = 20;

/** The step that a moment lies in. */
export function stepAt(time: number): number {
  return Math.floor(time / STEP_MS);
}

/** The code of a step (RFC 4226 §5.3). */
export async function codeAt(
  secret: Uint8Array<ArrayBuffer>,
  step: number,
  digits = DIGITS,
): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const offset = mac.getUint8(mac.byteLength - 1) & 0xf;
  const value = (mac.getUint32(offset) & 0x7fffffff) % 10 ** digits;
  return String(value).padStart(digits, "0");
}

/** The step whose code this is, at a moment or one step away; null when it is none's. All are looked at, always. */
export async function stepOf(
  secret: Uint8Array<ArrayBuffer>,
  code: string,
  time: number,
): Promise<number | null> {
  const steps = DRIFT.map((drift) => stepAt(time) + drift).filter((step) => step >= 0);
  const codes = await Promise.all(steps.map((step) => codeAt(secret, step)));
  const found = steps.filter((_, index) => isSame(codes[index] ?? "", code));
  return found.at(-1) ?? null;
}

function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let n = 0; n < a.length; n++) difference |= a.charCodeAt(n) ^ b.charCodeAt(n);
  return difference === 0;
}

/** What an authenticator app takes a secret from (the Key Uri Format of google-authenticator). */
export function otpauthUri(about: {
  readonly issuer: string;
  readonly account: string;
  /** Base32, upper case. */
  readonly secret: string;
}): string {
  const { issuer, account, secret } = about;
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`;
}

// base32 in lower case without padding (RFC 4648 §6), one text for each byte array and no other. It
// survives what mail servers do to local parts: they may change the case.

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Bytes as base32. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET.charAt((value >> (bits - 5)) & 31);
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (5 - bits)) & 31) : text;
}

/** The bytes of a base32 text in either case, or null when it is not what its bytes encode to. */
export function fromBase32(text: string): Uint8Array<ArrayBuffer> | null {
  const lower = text.toLowerCase();
  const bytes = new Uint8Array(Math.floor((lower.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let offset = 0;
  for (const character of lower) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[offset++] = (value >> bits) & 255;
  }
  return toBase32(bytes) === lower ? bytes : null;
}

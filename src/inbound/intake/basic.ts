// The proof of vendors that sign nothing: a Basic password (RFC 7617). Compared as digests, so that the
// time does not tell how much of it was right. Pure.
import { fromBase64, fromUtf8, utf8 } from "../../lib/bytes.ts";
import { sameBytes, sha256Hex } from "../../lib/digest.ts";

/** Longer headers are no password of ours. */
const MAX_HEADER = 4_096;

/** Whether an Authorization header carries the secret as its password; the user name does not matter. */
export async function verifyBasic(secret: string, header: string | null): Promise<boolean> {
  const password = passwordOf(header ?? "");
  const [expected, got] = await Promise.all([sha256Hex(secret), sha256Hex(password ?? "")]);
  return sameBytes(utf8(expected), utf8(got)) && password !== null;
}

function passwordOf(header: string): string | null {
  if (header.length > MAX_HEADER) return null;
  const bytes = fromBase64(/^basic +([A-Za-z0-9+/=]+) *$/i.exec(header)?.[1] ?? "");
  const pair = bytes === null ? "" : fromUtf8(bytes);
  const colon = pair.indexOf(":");
  return colon < 0 ? null : pair.slice(colon + 1);
}

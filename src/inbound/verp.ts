// Return paths (D-05): b+<token>@<bounce domain>. The token is base32 of version and key id, the delivery,
// and an HMAC-SHA-256 cut to 80 bits, in lower case, so that it survives servers that change the case. One
// changed bit, or another spelling of the same bytes, is refused.
import { fromBase32, toBase32 } from "../lib/base32.ts";
import { concat, fromUtf8, utf8 } from "../lib/bytes.ts";
import { sameBytes } from "../lib/digest.ts";
import { timeOfUuidv7 } from "../lib/id.ts";
import type { Config } from "../model/config.ts";
import type { ReadReturnPath, ReturnPaths } from "../model/return-path.ts";
import {
  type KeyRing,
  readUint16,
  tagOf,
  tokenKeys,
  uint16,
  UUID_BYTES,
  uuidBytes,
  uuidText,
} from "../model/token-keys.ts";

const PREFIX = "b+";
const VERSION = 1;
/** Message and position. */
const PLACE_BYTES = UUID_BYTES + 2;
/** With a key id of 8 characters the local part has 62 of the 64 octets of RFC 5321 §4.5.3.1.1. */
const TAG_BYTES = 10;
/** What the tag also covers, so that no token of another use is one of these. */
const PURPOSE = utf8("return path");

/**
 * Mail servers give up after some days, readers complain for weeks: a return path is good for 60 days from
 * the accept, the default retention.
 */
export const RETURN_PATH_DAYS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The return paths of a deployment. */
export function returnPathsOf(config: Config): ReturnPaths {
  const keys = tokenKeys(config);
  return {
    async addressOf(place, bounceDomain) {
      const { signing } = await keys();
      const id = utf8(signing.id);
      const head = Uint8Array.from([(VERSION << 4) | id.length]);
      const placed = Uint8Array.from([...uuidBytes(place.messageId), ...uint16(place.position)]);
      const payload = concat([head, id, placed]);
      const token = toBase32(concat([payload, await tagFor(signing.key, payload)]));
      return `${PREFIX}${token}@${bounceDomain}`;
    },
    async read(address, now) {
      const local = address.slice(0, address.lastIndexOf("@")).toLowerCase();
      if (!local.startsWith(PREFIX)) return { kind: "other" };
      return readToken(await keys(), local.slice(PREFIX.length), now);
    },
  };
}

async function readToken(ring: KeyRing, token: string, now: number): Promise<ReadReturnPath> {
  const forged = { kind: "forged" } as const;
  const bytes = fromBase32(token);
  const head = bytes?.[0] ?? 0;
  const payloadBytes = 1 + (head & 0xf) + PLACE_BYTES;
  if (!bytes || head >> 4 !== VERSION || bytes.length !== payloadBytes + TAG_BYTES) return forged;
  const payload = bytes.slice(0, payloadBytes);
  const idEnd = payloadBytes - PLACE_BYTES;
  const key = ring.verifying.get(fromUtf8(payload.subarray(1, idEnd)));
  if (!key || !sameBytes(await tagFor(key, payload), bytes.subarray(payloadBytes))) return forged;
  const messageId = uuidText(payload.subarray(idEnd, idEnd + UUID_BYTES));
  if (now - timeOfUuidv7(messageId) > RETURN_PATH_DAYS * DAY_MS) return { kind: "expired" };
  return { kind: "place", messageId, position: readUint16(payload, idEnd + UUID_BYTES) };
}

function tagFor(key: CryptoKey, payload: Uint8Array): Promise<Uint8Array> {
  return tagOf(key, concat([PURPOSE, payload]), TAG_BYTES);
}

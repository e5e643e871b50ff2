// Erasing an address for good: what an erasure is, and the hash it is remembered by. What is left of stored
// texts and contents is in erasure-text.ts and erasure-content.ts.
import { deriveSecret, hmacSha256With } from "../lib/digest.ts";
import { hex, utf8 } from "../lib/bytes.ts";
import { uuidv7Bound } from "../lib/id.ts";

/**
 * `finding`: only the hash is known, after a restore. `clearing`: what was sent to the address goes.
 * `searching`: whatever else names it goes.
 */
export const ERASURE_STATES = ["finding", "clearing", "searching", "done"] as const;
export type ErasureState = (typeof ERASURE_STATES)[number];

/** An address that was erased or is being erased. Times in epoch milliseconds. */
export type Erasure = {
  readonly hash: string;
  readonly state: ErasureState;
  /** How far finding or searching came, sealed; "" at the start. Those that go together have the same. */
  readonly place: string;
  /** The address's key, sealed; null where only the hash is known, or all is done. */
  readonly sealed: string | null;
  readonly requestedAt: number;
  readonly clearedAt: number | null;
  readonly finishedAt: number | null;
};

/** What the address of an erasure is sealed for. */
export function erasurePurpose(hash: string): string {
  return `erasure:${hash}`;
}

/** What the places of erasures are sealed for: they may be addresses. */
export const PLACE_PURPOSE = "erasure place";

/** Makes the hashes of a deployment: HMAC-SHA-256 of an address's key, 64 hex digits. */
export async function erasureHasher(
  encryptionKey: string,
): Promise<(key: string) => Promise<string>> {
  const digest = await hmacSha256With(await deriveSecret(encryptionKey, "edgepost erasures"));
  return async (key) => hex(await digest(utf8(key)));
}

/** The smallest message id that an erasure leaves alone: what was accepted after it was asked for. */
export function erasureBound({ requestedAt }: Pick<Erasure, "requestedAt">): string {
  return uuidv7Bound(requestedAt + 1);
}

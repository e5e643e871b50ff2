// Whose a waiting delivery is: within the marketing lane API keys share fairly, so that the flood of one
// does not starve another. Transactional mail is one share, in the order in which it is due.
import type { Message } from "./message.ts";

/** Shares there are; two keys in one share wait behind each other, which harms nobody else. */
export const SHARES = 65_536;

/** FNV-1a, 32 bits: spreads ids well, and its number costs three bytes in a row where an id costs 36. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The share of the lane that a message's deliveries wait in: 0 to SHARES - 1. */
export function shareOf({ mailClass, keyId }: Pick<Message, "mailClass" | "keyId">): number {
  if (mailClass === "transactional") return 0;
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(keyId)) {
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  }
  return hash % SHARES;
}

/**
 * The share after which the next claim begins: of those that one began after `from` brought, the last one
 * of its round. `from` itself when it brought nothing.
 */
export function lastServed(from: number, brought: readonly number[]): number {
  const distance = (share: number) => (share - from + SHARES - 1) % SHARES;
  return brought.reduce(
    (last, share) => (distance(share) > distance(last) ? share : last),
    brought[0] ?? from,
  );
}

// The audit log: every change of settings, chained by hashes, so that an entry which is changed, removed or
// put in between shows. No entry holds personal data or a secret. Pure, but for the hash.
import { sha256Hex } from "../lib/digest.ts";

/** `asked` is written before a change is made; `refused` follows it when it was not; the rest Edgepost does. */
export const AUDIT_KINDS = ["asked", "refused", "domain_state", "dkim_rotated"] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** What happened. */
export type AuditEntry = {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: AuditKind;
  /** The API key that asked; null for what Edgepost does by itself. */
  readonly keyId: string | null;
  /** Where it was asked from, "" when nobody did. */
  readonly ip: string;
  /** Method and path as the API describes them, such as `POST /relays/:id`. */
  readonly operation: string;
  /** What the path names; addresses as their hash. */
  readonly target: string;
  /** SHA-256 of the request's body, "" without one. */
  readonly bodyHash: string;
  readonly requestId: string;
  /** What was asked for, in a few words, where the hash is not enough; the problem's kind of a refusal; the new state of a domain. */
  readonly detail: string;
};

/** An entry in its place of the chain. */
export type ChainedEntry = AuditEntry & {
  readonly position: number;
  /** The hash of the entry before it, "" for the first. */
  readonly previous: string;
  readonly hash: string;
};

/** The next entry of a chain. */
export async function chained(
  entry: AuditEntry,
  last: Pick<ChainedEntry, "position" | "hash"> | null,
): Promise<ChainedEntry> {
  const position = (last?.position ?? 0) + 1;
  const previous = last?.hash ?? "";
  return { ...entry, position, previous, hash: await hashOf({ ...entry, position, previous }) };
}

/** The position of the first entry that is not what was written, or null when the chain is whole. */
export async function firstBroken(
  entries: readonly ChainedEntry[],
  before: Pick<ChainedEntry, "position" | "hash"> | null,
): Promise<number | null> {
  let last = before;
  for (const entry of entries) {
    const { hash, position, previous } = await chained(entry, last);
    if (entry.position !== position || entry.previous !== previous || entry.hash !== hash) {
      return position;
    }
    last = entry;
  }
  return null;
}

function hashOf(entry: Omit<ChainedEntry, "hash">): Promise<string> {
  return sha256Hex(
    JSON.stringify([
      entry.position,
      entry.previous,
      entry.at,
      entry.kind,
      entry.keyId,
      entry.ip,
      entry.operation,
      entry.target,
      entry.bodyHash,
      entry.requestId,
      entry.detail,
    ]),
  );
}

/** Characters of a hash that stand for an address. */
const HASH_LENGTH = 16;

/** An address as the log names it. */
export async function hashedAddress(address: string): Promise<string> {
  return `sha256:${(await sha256Hex(address)).slice(0, HASH_LENGTH)}`;
}

/** What a path names, without anybody's address: it goes with an erasure, the log stays. */
export async function targetOf(params: Readonly<Record<string, string>>): Promise<string> {
  const named = Object.entries(params).map(async ([name, value]) => {
    const shown = value.includes("@") ? await hashedAddress(value) : value;
    return `${name}=${shown}`;
  });
  return (await Promise.all(named)).join(" ");
}

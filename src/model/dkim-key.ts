// The DKIM keys of a sender domain. Two generations take turns: the active one signs, the other one stands
// in DNS already, or still, so that a rotation leaves no mail unverifiable.

import type { SigningAlgorithm } from "../lib/key-pair.ts";

/** What a key signs with. */
export type DkimAlgorithm = SigningAlgorithm;

/** `active` signs; `standby` signs after the next rotation; `retiring` signed until lately. */
export type DkimState = "active" | "standby" | "retiring";

/** One key. The private half is sealed at rest under `dkim:<domain>:<selector>`. */
export type DkimKey = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly state: DkimState;
  /** `p=` of the key record: base64 of the SubjectPublicKeyInfo (RSA) or of the 32 bytes (Ed25519). */
  readonly publicKey: string;
  /** PKCS#8, base64, sealed. */
  readonly sealedPrivateKey: string;
  readonly createdAt: number;
  /** Since when it is in its state. */
  readonly changedAt: number;
  /** When DNS showed its record last; null: never, and it signs nothing. */
  readonly seenAt: number | null;
};

/** The two generations of selectors. */
export const GENERATIONS = ["1", "2"] as const;
export type Generation = (typeof GENERATIONS)[number];

/** The selector of a key: `ep1`, `ep2`; `ep1e`, `ep2e` for Ed25519. */
export function selectorOf(generation: Generation, algorithm: DkimAlgorithm): string {
  return `ep${generation}${algorithm === "rsa-sha256" ? "" : "e"}`;
}

/** Mail that was signed stays verifiable this long after a rotation: longer than any queue keeps mail. */
export const RETIRING_MS = 7 * 24 * 60 * 60 * 1000;

/** What a sealed private key is bound to. */
export function dkimPurpose(domain: string, selector: string): string {
  return `dkim:${domain}:${selector}`;
}

/** The value of the key record (RFC 6376 §3.6.1, RFC 8463 §4). */
export function dkimRecord({ algorithm, publicKey }: Pick<DkimKey, "algorithm" | "publicKey">) {
  return `v=DKIM1; k=${algorithm === "rsa-sha256" ? "rsa" : "ed25519"}; p=${publicKey}`;
}

// A domain that mail may come from: what the checks of a send need of it, what of its mail is tracked, and
// what its owner sees.
import type { DnsRecord } from "./dns-record.ts";
import type { Tracking } from "./message.ts";

/** What breaking the bulk-sender rules means for a send: nothing, a word in the answer, or a refusal. */
export const GATES = ["off", "warn", "block"] as const;
export type Gate = (typeof GATES)[number];

/** What is known of a domain in DNS. */
export type Published = {
  /** As they were found last; null when nobody looked yet. */
  readonly records: readonly DnsRecord[] | null;
  /** The domain of return paths in use; null: the From address is the return path. */
  readonly bounceDomain: string | null;
};

/** A sender domain with what the checks of a send need to know of it. */
export type SenderDomain = {
  readonly domain: string;
  readonly verified: boolean;
  /** From-names that may send AMP parts; `*` is any (C-06). */
  readonly ampFromNames: readonly string[];
  /** What may be tracked in mail from here; a message can only ask for less. */
  readonly tracking: Tracking;
  readonly gate: Gate;
  /** Since when it may send, while it is new; null when it is not, or was there before that was kept. */
  readonly warmingSince: number | null;
  /** What the gate judges by; null while it is off. */
  readonly published: Published | null;
};

/** Who a message is from when the request names nobody. */
export type DefaultSender = { readonly address: string; readonly name: string };

/** Characters of a display name, as everywhere (contract 1.2). */
export const DEFAULT_SENDER_LIMITS = { name: 255 } as const;

/**
 * `pending`: DNS has not shown what it must, nothing may be sent. `drifted`: it did, and does not any more;
 * mail goes on, and somebody has to look.
 */
export type DomainState = "pending" | "active" | "drifted";

/** A sender domain as its owner sees it. */
export type OwnedDomain = {
  readonly domain: string;
  readonly state: DomainState;
  readonly defaultSender: string | null;
  readonly defaultName: string | null;
  /** The domain of return paths, and whether its mail servers were seen: only then is it used. */
  readonly returnDomain: string;
  readonly returnReady: boolean;
  /** The host of links, null for the Worker's own; it is used once it was seen to lead here. */
  readonly trackingHost: string | null;
  readonly trackingReady: boolean;
  readonly ed25519: boolean;
  /** What of its mail may be tracked; a message may ask for less. */
  readonly tracking: Tracking;
  readonly gate: Gate;
  /** As they were found last; null when nobody looked yet. */
  readonly records: readonly DnsRecord[] | null;
  readonly checkedAt: number | null;
  /** When they are looked for next; null: never by itself. */
  readonly checkAt: number | null;
  /** When a rotation of the DKIM keys was asked for that is not done yet. */
  readonly rotationAt: number | null;
  readonly createdAt: number;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A domain that is set up right now is looked at often, one that was forgotten rarely. */
export function nextCheck(
  { state, createdAt }: Pick<OwnedDomain, "state" | "createdAt">,
  now: number,
): number {
  if (state === "active") return now + DAY;
  const age = now - createdAt;
  if (age < HOUR) return now + MINUTE;
  return now + (age < DAY ? 15 * MINUTE : 6 * HOUR);
}

/** What the records say about the domain; null when DNS did not answer for one that decides. */
export function stateOf(records: readonly DnsRecord[], before: DomainState): DomainState | null {
  const required = records.filter((record) => record.required);
  const wrong = required.filter(({ status }) => status === "missing" || status === "wrong");
  if (wrong.length > 0) return before === "pending" ? "pending" : "drifted";
  return required.every(({ status }) => status === "ok") ? "active" : null;
}

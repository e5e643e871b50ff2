// An SMTP relay that mail leaves through, and how it has been lately.
import type { Vendor } from "./intake.ts";
import type { RelayLogin, TlsMode } from "../deliver/smtp/transaction.ts";

/** The relay of RELAY_URL; it has no row of its own. */
export const DEFAULT_RELAY_ID = "default";

/** A relay as /v1/relays shows it: the password is never shown. */
export type Relay = {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly username: string | null;
  /** What leaves through it may have return paths of Edgepost's (D-05). */
  readonly verp: boolean;
  readonly createdAt: number;
};

/** How a relay has been lately. No record means well. */
export type RelayHealth = {
  /** Connects that failed in a row. */
  readonly failures: number;
  /** Not used before this time, epoch milliseconds; null while it is still in use. */
  readonly asideUntil: number | null;
  readonly reason: string;
};

/**
 * How a relay stands: in use; not used before its time; or the next message finds out whether it works
 * again (the half-open circuit breaker).
 */
export const RELAY_STATES = ["usable", "aside", "probing"] as const;
export type RelayState = (typeof RELAY_STATES)[number];

/** How a relay stands at `now` (epoch milliseconds), by its health; without a record it is well. */
export function relayState(health: RelayHealth | null, now: number): RelayState {
  const asideUntil = health?.asideUntil ?? null;
  if (asideUntil === null) return "usable";
  return asideUntil > now ? "aside" : "probing";
}

/** A relay ready to be used, with its login and its health. */
export type UsableRelay = {
  readonly id: string;
  readonly login: RelayLogin;
  readonly verp: boolean;
  readonly health: RelayHealth | null;
  /** Whose metadata header marks its mail, so that its events name their delivery; null without an intake. */
  readonly vendor: Vendor | null;
};

// Slows down and stops who guesses passwords: counts failures per user name and address together, per
// address, and per user name from anywhere. Pure: `now` is an argument; memory is bounded.
import ipaddr from "ipaddr.js";

/** Who tries to sign in. */
export type Attempt = { readonly username: string; readonly address: string };

/** The memory of failed attempts. */
export type LockOut = {
  /** Milliseconds until somebody may try again; 0 when they may. */
  readonly lockedFor: (attempt: Attempt, now: number) => number;
  /** Notes a failure; milliseconds to wait before it is answered. */
  readonly failed: (attempt: Attempt, now: number) => number;
  /** Notes a success. */
  readonly succeeded: (attempt: Attempt, now: number) => void;
};

/** How it is set; times in milliseconds. */
export type LockOutLimits = { readonly delayMs: number; readonly lockMs: number };

/** A person mistypes a few times; a program that is set up wrongly goes on for ever. */
const MAX_FAILURES_OF_PAIR = 5;
/** Several programs of one office may be set up wrongly at the same time. */
const MAX_FAILURES_OF_ADDRESS = 20;
/** From many addresses: somebody has a list of passwords and many machines. */
const MAX_FAILURES_OF_USER = 50;

/** Failures that lie further back than this are forgotten. */
const FAILURE_MEMORY_MS = 10 * 60_000;

/** The delay doubles with each failure, up to so many times the first. */
const MAX_DELAY_FACTOR = 8;

/** Who signed in as this user from this address lately is not shut out by what others do. */
const TRUST_MS = 24 * 60 * 60_000;

/** Of each kind; the oldest leave first. About 10 MB in all. */
const MAX_ENTRIES = 20_000;

type Failures = { readonly count: number; readonly at: number };

export function lockOut({ delayMs, lockMs }: LockOutLimits): LockOut {
  const failures = new Map<string, Failures>();
  const trusted = new Map<string, number>();
  const leftOf = (key: string, most: number, now: number): number => {
    const entry = failures.get(key);
    return entry && entry.count >= most ? Math.max(0, entry.at + lockMs - now) : 0;
  };
  const note = (key: string, now: number): number => {
    const entry = failures.get(key);
    // A lock that ran out starts again from nothing, and so does what is long ago.
    const keep = entry && now - entry.at < Math.min(FAILURE_MEMORY_MS, lockMs);
    const count = keep ? entry.count + 1 : 1;
    remember(failures, key, { count, at: now });
    return count;
  };
  return {
    lockedFor(attempt, now) {
      const { pair, address, user } = keysOf(attempt);
      const own = leftOf(pair, MAX_FAILURES_OF_PAIR, now);
      if (now - (trusted.get(pair) ?? -Infinity) < TRUST_MS) return own;
      const shared = leftOf(address, MAX_FAILURES_OF_ADDRESS, now);
      return Math.max(own, shared, leftOf(user, MAX_FAILURES_OF_USER, now));
    },
    failed(attempt, now) {
      const { pair, address, user } = keysOf(attempt);
      note(address, now);
      note(user, now);
      return delayMs * Math.min(MAX_DELAY_FACTOR, 2 ** (note(pair, now) - 1));
    },
    succeeded(attempt, now) {
      const { pair } = keysOf(attempt);
      failures.delete(pair);
      remember(trusted, pair, now);
    },
  };
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > MAX_ENTRIES && !oldest.done) map.delete(oldest.value);
}

function keysOf({ username, address }: Attempt) {
  const network = networkOf(address);
  const name = username.toLowerCase();
  return { pair: `p ${network} ${name}`, address: `a ${network}`, user: `u ${name}` };
}

/** One customer has at least a /64 of IPv6 (RFC 6177), so that its addresses count as one. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return parsed.toByteArray().slice(0, 8).join(".");
}

// How wrong passwords are slowed down, for each account and each network address: numbers only. Every try
// counts before it is judged, so that many at once are many; the right password takes its own back.

/** What tries are counted for. */
export type Subject = {
  /** SHA-256 of what it is: neither addresses nor networks are kept. */
  readonly hash: string;
  /** Tries that cost nothing: people mistype, and offices share a network address. */
  readonly free: number;
  /** The lock after the first that is not free, and the longest; unless others are given, those of tries to sign in. */
  readonly firstMs?: number;
  readonly mostMs?: number;
};

/** Tries an account has for nothing; then it is locked, for longer each time. */
export const FREE_OF_ACCOUNT = 5;
/** Of a network address: whoever guesses at many accounts is slowed down here. */
export const FREE_OF_ADDRESS = 20;

/** The lock after the first try that is not free; it doubles with each further one. */
export const FIRST_LOCK_MS = 2_000;
/** Long enough to make guessing hopeless (96 tries a day), short enough that nobody is kept out by an enemy for good. */
export const MAX_LOCK_MS = 15 * 60 * 1_000;
/**
 * Links that an address is sent for nothing, and how long there is none then: who is written to should not be
 * bothered by strangers, and a link that came first still works.
 */
export const RESETS = { free: 3, firstMs: 60 * 60 * 1_000, mostMs: 24 * 60 * 60 * 1_000 } as const;

/** Tries are forgotten when there was none for this long. */
export const FORGET_MS = 24 * 60 * 60 * 1_000;

// Bucket arithmetic of the quota (D-09): token buckets with a daily limit, and leases from several of them
// at once. Pure; quota.do.ts keeps the numbers, purse.ts spends what was leased.
import type { Limits } from "../model/plan.ts";

/** What one sender may still send. One token is one recipient. */
export type Bucket = {
  /** Thousandths of a token: what comes in a millisecond is then a whole number. */
  readonly level: number;
  /** When the level was so, epoch ms. */
  readonly at: number;
  /** The UTC day that `used` belongs to, in days since the epoch. */
  readonly day: number;
  readonly used: number;
  /** Tokens that isolates may still hold unspent. They take up room: the level never fills it. */
  readonly held: readonly Held[];
};

type Held = { readonly tokens: number; readonly until: number };

/** Tokens of today's daily limit that an isolate was given and did not spend before their time was up. */
export type Spare = { readonly day: number; readonly tokens: number };

/** What an isolate asks for. */
export type Ask = {
  readonly account: Limits;
  /** Buckets beside the account's: of a key with limits of its own, of a domain that is new. */
  readonly others: readonly { readonly name: string; readonly limits: Limits }[];
  /** Recipients of each request that waits, first come first; each is granted whole or not at all. */
  readonly sizes: readonly number[];
  /** Tokens wanted beyond these, for requests still to come. */
  readonly surplus: number;
  readonly spare: Spare;
};

/** What it is given. Nothing of it is ever taken back. */
export type Grant = {
  /** Tokens for the requests that wait; spent at once. */
  readonly asked: number;
  readonly surplus: number;
  /** How long the surplus may be spent, from the moment the isolate asked. */
  readonly lifeMs: number;
  /** What is left of the isolate's spare. */
  readonly spare: Spare;
  readonly midnightMs: number;
  /** The part of the plan's rate at which the account's bucket fills now (model/pace.ts). */
  readonly pace: number;
  /** The account's bucket, then the others. */
  readonly buckets: readonly { readonly level: number; readonly used: number }[];
};

/** How long a lease lasts: long enough to spare calls, short enough not to hold up others. */
export const LEASE_MS = 1_000;

/** An isolate's clock stands still while it computes: what it holds is given up so much later here. */
const CLOCK_SLACK_MS = 250;

/** Leases that end within this time are kept as one. */
const HELD_STEP_MS = 50;

/** At most this part of what is left becomes surplus, so that leases shrink as a limit comes near. */
const SURPLUS_PART = 4;

/** At most this part of a bucket may be held by isolates. */
const HELD_PART = 2;

const DAY_MS = 86_400_000;
const PER_TOKEN = 1_000;

/** Where the tokens come from. */
export type Source = {
  readonly limits: Limits;
  /** As it was last; null for one never used. */
  readonly bucket: Bucket | null;
  /** The part of the rate at which it fills; all of it unless told otherwise. */
  readonly pace?: number;
};

/** Leases from all sources at once; answers their buckets as they must be kept before the grant is told. */
export function lease(
  sources: readonly Source[],
  ask: Pick<Ask, "sizes" | "surplus" | "spare">,
  now: number,
): { readonly buckets: readonly Bucket[]; readonly grant: Grant } {
  const full = sources.map(({ limits, bucket, pace = 1 }) => ({
    limits,
    bucket: bucket ? refilled(bucket, paced(limits, pace), now) : rested(limits, now),
  }));
  const day = Math.max(...full.map(({ bucket }) => bucket.day));
  const spare = ask.spare.day === day ? ask.spare.tokens : 0;
  const room = Math.min(...full.map(({ bucket }) => Math.floor(bucket.level / PER_TOKEN)));
  const today = Math.min(...full.map(leftToday)) + spare;
  const asked = whole(ask.sizes, Math.min(room, today));
  const short = asked < ask.sizes.reduce((sum, size) => sum + size, 0);
  const free = Math.min(room, today) - asked;
  const holdable = Math.min(...full.map(mayBeHeld));
  const most = Math.min(ask.surplus, free / SURPLUS_PART, holdable);
  const surplus = short ? 0 : Math.max(0, Math.floor(most));
  const granted = { asked, surplus, fromToday: Math.max(0, asked + surplus - spare) };
  const buckets = full.map(({ bucket }) => charged(bucket, granted, now));
  const midnightMs = (day + 1) * DAY_MS - now;
  return {
    buckets,
    grant: {
      asked,
      surplus,
      lifeMs: Math.min(LEASE_MS, midnightMs),
      spare: { day, tokens: Math.max(0, spare - asked - surplus) },
      midnightMs,
      pace: sources[0]?.pace ?? 1,
      buckets: buckets.map(({ level, used }) => ({ level: level / PER_TOKEN, used })),
    },
  };
}

/** Never slower than one a second, so that every bucket fills. */
function paced(limits: Limits, pace: number): Limits {
  return { ...limits, perSecond: Math.max(1, Math.floor(limits.perSecond * pace)) };
}

function rested({ burst }: Limits, now: number): Bucket {
  return { level: burst * PER_TOKEN, at: now, day: dayOf(now), used: 0, held: [] };
}

function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/**
 * The bucket as it is now. It fills up only as far as nothing is held, step by step as leases end: so
 * what isolates hold and what is in the bucket are never more than the burst together.
 */
function refilled(bucket: Bucket, limits: Limits, now: number): Bucket {
  // A clock that was set back starts again from there, and no lease lasts longer for it.
  const ends = bucket.held.map(({ tokens, until }) => {
    return { tokens, until: Math.min(until, now + LEASE_MS + CLOCK_SLACK_MS) };
  });
  let { level } = bucket;
  let at = Math.min(bucket.at, now);
  let holding = sum(ends);
  const ended = ends.filter(({ until }) => until <= now).toSorted((a, b) => a.until - b.until);
  for (const { tokens, until } of ended) {
    level = filled({ level, holding }, limits, Math.max(0, until - at));
    at = Math.max(at, until);
    holding -= tokens;
  }
  const held = ends.filter(({ until }) => until > now);
  level = filled({ level, holding: sum(held) }, limits, now - at);
  // A day never begins anew because a clock was set back.
  const day = Math.max(bucket.day, dayOf(now));
  return { level, at: now, day, used: day > bucket.day ? 0 : bucket.used, held };
}

function filled(
  { level, holding }: { level: number; holding: number },
  { perSecond, burst }: Limits,
  ms: number,
): number {
  return Math.max(0, Math.min(level + ms * perSecond, (burst - holding) * PER_TOKEN));
}

function sum(held: readonly Held[]): number {
  return held.reduce((total, { tokens }) => total + tokens, 0);
}

type Full = { readonly limits: Limits; readonly bucket: Bucket };

function leftToday({ limits, bucket }: Full): number {
  return limits.daily === null ? Infinity : Math.max(0, limits.daily - bucket.used);
}

function mayBeHeld({ limits, bucket }: Full): number {
  return limits.burst / HELD_PART - sum(bucket.held);
}

/** As many of the requests as fit, first come first, each of them whole. */
function whole(sizes: readonly number[], room: number): number {
  return sizes.reduce((total, size) => (total + size <= room ? total + size : total), 0);
}

function charged(
  bucket: Bucket,
  granted: { readonly asked: number; readonly surplus: number; readonly fromToday: number },
  now: number,
): Bucket {
  return {
    ...bucket,
    level: bucket.level - (granted.asked + granted.surplus) * PER_TOKEN,
    used: bucket.used + granted.fromToday,
    held: withHeld(bucket.held, granted.surplus, now + LEASE_MS + CLOCK_SLACK_MS),
  };
}

function withHeld(held: readonly Held[], tokens: number, until: number): readonly Held[] {
  if (tokens === 0) return held;
  const last = held.at(-1);
  if (!last || until - last.until > HELD_STEP_MS) return [...held, { tokens, until }];
  return [
    ...held.slice(0, -1),
    { tokens: last.tokens + tokens, until: Math.max(until, last.until) },
  ];
}

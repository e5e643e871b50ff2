// What an isolate holds of one sender's tokens: it spends them without asking anybody, and knows when
// asking is of no use. Knows no clock and calls nobody; admit.ts does both.
import type { Limits } from "../model/plan.ts";
import { type Ask, type Grant, LEASE_MS, type Spare } from "./quota.ts";

/** Tokens taken for one request. */
export type Taken = readonly { readonly lease: Lease; readonly tokens: number }[];

/** Tokens that end at the same time; `tokens` falls as they are spent. */
type Lease = { tokens: number; readonly until: number; readonly day: number };

/** A bucket that surely has too little, and when that may change. */
export type Obstacle = {
  /** 0 is the account's; the order of standing.ts. */
  readonly bucket: number;
  readonly limit: "rate" | "daily";
  readonly waitMs: number;
};

/** What is known of a bucket: at least so much was gone, a moment ago. */
export type Known = { readonly level: number; readonly left: number | null };

/** The tokens of one sender in one isolate. */
export type Purse = {
  /** Takes n tokens, or null when there are not so many. */
  readonly take: (n: number, now: number) => Taken | null;
  /** Puts back what was taken for a request that sent nothing. */
  readonly putBack: (taken: Taken, now: number) => void;
  /** Why the object could not grant n tokens if it were asked now, or null when it might. */
  readonly obstacle: (n: number, limits: readonly Limits[], now: number) => Obstacle | null;
  /** What to ask for beside the requests that wait; begins a new period of counting what is spent. */
  readonly ask: (now: number) => Pick<Ask, "surplus" | "spare">;
  readonly receive: (grant: Grant, about: Received) => void;
  /** The last grant was less than what was asked for. */
  readonly short: () => boolean;
  /** Half of the surplus is gone: time to ask for more before the rest is gone too. */
  readonly low: (now: number) => boolean;
  /** What the buckets hold at most, tokens of this purse included; null before the first grant. */
  readonly known: (limits: readonly Limits[], now: number) => readonly Known[] | null;
  /** The part of the plan's rate at which the account's bucket fills. */
  readonly pace: () => number;
  /** Epoch ms of the next UTC midnight, as the object sees it. */
  readonly midnight: () => number;
};

/** What the last grant told. */
type Seen = Pick<Grant, "buckets" | "pace"> & { readonly at: number; readonly midnight: number };

/** A grant's circumstances; both times are this isolate's. */
export type Received = {
  readonly askedAt: number;
  readonly now: number;
  readonly asked: number;
  /** The spare that was offered with the ask. */
  readonly spare: Spare;
};

/** Requests that waited spend their tokens within this time; what is left then belonged to one that left. */
export const MOMENT_MS = 100;

/** A surplus grows by as much as was spent, and this much again, until it lasts for a whole lease. */
const GROWTH = 4;

/** A smaller surplus is not worth a call ahead of time. */
const MIN_AHEAD = 8;

/** An empty purse. */
export function purse(): Purse {
  let leases: Lease[] = [];
  let spare: Spare = { day: 0, tokens: 0 };
  let seen: Seen | null = null;
  let short = false;
  let surplus = 0;
  let spent = 0;
  let countedSince = 0;

  /** Unspent tokens of a lease that ended are gone, but their part of the daily limit is not. */
  function expire(now: number): void {
    for (const { tokens, until, day } of leases) {
      if (!lives(until, now)) keepSpare(tokens, day);
    }
    leases = leases.filter(({ until }) => lives(until, now));
  }

  function keepSpare(tokens: number, day: number): void {
    if (day === spare.day) spare = { day, tokens: spare.tokens + tokens };
  }

  function held(now: number): number {
    expire(now);
    return leases.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  function levelOf(index: number, limits: Limits, now: number): number {
    if (!seen) return limits.burst;
    const since = Math.max(0, now - seen.at);
    const level = (seen.buckets[index]?.level ?? limits.burst) + (since * limits.perSecond) / 1_000;
    return Math.min(limits.burst, level);
  }

  function leftOf(index: number, { daily }: Limits, now: number): number | null {
    if (daily === null) return null;
    if (!seen || now >= seen.midnight) return daily;
    return Math.max(0, daily - (seen.buckets[index]?.used ?? 0)) + spare.tokens;
  }

  /** Only the account's bucket is ever slowed down. */
  function paceOf(bucket: number): number {
    return bucket === 0 ? (seen?.pace ?? 1) : 1;
  }

  return {
    take(n, now) {
      if (held(now) < n) return null;
      const taken = [];
      let missing = n;
      // The first to end are spent first.
      for (const lease of leases.toSorted((a, b) => a.until - b.until)) {
        const tokens = Math.min(missing, lease.tokens);
        lease.tokens -= tokens;
        missing -= tokens;
        if (tokens > 0) taken.push({ lease, tokens });
      }
      spent += n;
      return taken;
    },
    putBack(taken, now) {
      for (const { lease, tokens } of taken) {
        if (lives(lease.until, now)) lease.tokens += tokens;
        else keepSpare(tokens, lease.day);
        spent -= tokens;
      }
    },
    obstacle(n, limits, now) {
      expire(now);
      const obstacles = limits.flatMap((limit, bucket): readonly Obstacle[] => {
        const left = leftOf(bucket, limit, now);
        if (seen && left !== null && left < n) {
          return [{ bucket, limit: "daily", waitMs: seen.midnight - now }];
        }
        const missing = n - levelOf(bucket, limit, now);
        const waitMs = (missing / (limit.perSecond * paceOf(bucket))) * 1_000;
        return missing > 0 ? [{ bucket, limit: "rate", waitMs }] : [];
      });
      return obstacles.toSorted((a, b) => b.waitMs - a.waitMs)[0] ?? null;
    },
    ask(now) {
      expire(now);
      const ms = now - countedSince;
      const fresh = ms >= 0 && ms < LEASE_MS;
      const wanted = fresh ? Math.min((spent * LEASE_MS) / Math.max(1, ms), spent * GROWTH) : 0;
      spent = 0;
      countedSince = now;
      return { surplus: Math.max(0, Math.ceil(wanted)), spare };
    },
    receive(grant, { askedAt, now, asked, spare: offered }) {
      const { day } = grant.spare;
      const used = offered.day === day ? offered.tokens - grant.spare.tokens : 0;
      spare = { day, tokens: spare.day === day ? Math.max(0, spare.tokens - used) : 0 };
      if (grant.asked > 0) leases.push({ tokens: grant.asked, until: now + MOMENT_MS, day });
      const until = askedAt + grant.lifeMs;
      if (grant.surplus > 0) leases.push({ tokens: grant.surplus, until, day });
      const { buckets, midnightMs, pace } = grant;
      seen = { at: askedAt, midnight: askedAt + midnightMs, buckets, pace };
      short = grant.asked < asked;
      surplus = grant.surplus;
    },
    short: () => short,
    low: (now) => surplus >= MIN_AHEAD && held(now) < surplus / 2,
    known(limits, now) {
      if (!seen) return null;
      const own = held(now);
      return limits.map((limit, index) => {
        const left = leftOf(index, limit, now);
        return {
          level: Math.min(limit.burst, Math.floor(levelOf(index, limit, now)) + own),
          left: left === null ? null : left + own,
        };
      });
    },
    pace: () => paceOf(0),
    midnight: () => seen?.midnight ?? 0,
  };
}

/** A clock that was set back makes no lease last longer. */
function lives(until: number, now: number): boolean {
  return until > now && until <= now + LEASE_MS;
}

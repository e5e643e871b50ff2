// The limits of a sender by name: what is said of one that is reached, and how much of each is left.
import type { Key } from "../model/key.ts";
import { keyBucket, type Limits, type Plan } from "../model/plan.ts";
import { percentOf } from "../model/pace.ts";
import type { LimitName, Problem } from "../model/problem.ts";
import type { Obstacle, Purse } from "./purse.ts";

/** Whose tokens are spent. */
export type Sender = { readonly plan: Plan; readonly key: Pick<Key, "id" | "limits"> };

/** One limit and how much of it is left; null where nobody knows. */
export type Standing = {
  readonly name: LimitName;
  /** Recipients in a window of so many seconds. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number | null;
  /** Until the whole quota is there again. */
  readonly resetSeconds: number | null;
};

const DAY_SECONDS = 86_400;

/** Names of the limits of the account's bucket, then of the key's. */
const NAMES = [
  { rate: "account", daily: "account-daily" },
  { rate: "key", daily: "key-daily" },
] as const;

/** The limits of a sender's buckets: the account's, then the key's if it has limits of its own. */
export function limitsOf({ plan, key }: Sender): readonly Limits[] {
  const own = keyBucket(key.limits, plan);
  return own ? [plan, own] : [plan];
}

/** Why n recipients can never be let in at once, or null. */
export function tooMany(sender: Sender, n: number): Problem | null {
  for (const [bucket, { burst, daily }] of limitsOf(sender).entries()) {
    const most = Math.min(burst, daily ?? Infinity);
    if (n <= most) continue;
    const which = burst <= most ? "rate" : "daily";
    const name = which === "rate" ? "burst" : "daily limit";
    const reason = `a request may have at most ${most} recipients: the ${name} of ${ownerOf(bucket, sender)}`;
    return { kind: "too_many_recipients", limit: nameOf(bucket, which), reason };
  }
  return null;
}

/** The problem that an obstacle makes. */
export function limited(obstacle: Obstacle, sender: Sender, pace: number): Problem {
  const { bucket, limit, waitMs } = obstacle;
  const limits = limitsOf(sender)[bucket] ?? sender.plan;
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const owner = ownerOf(bucket, sender);
  const what =
    limit === "daily"
      ? `the daily limit of ${owner} is reached: ${limits.daily} recipients from midnight to midnight UTC`
      : `the rate limit of ${owner} is reached: ${limits.perSecond} recipients a second, at most ${limits.burst} at once`;
  const slowed =
    bucket === 0 && limit === "rate" && pace < 1
      ? `, slowed to ${percentOf(pace)} % because too much of the last 15 minutes' mail failed`
      : "";
  const reason = `${what}${slowed}; send it again in ${retryAfterSeconds} s`;
  return { kind: "rate_limited", limit: nameOf(bucket, limit), reason, retryAfterSeconds };
}

/** Every limit of a sender with what the purse knows of it. */
export function standingsOf(purse: Purse, sender: Sender, now: number): readonly Standing[] {
  const limits = limitsOf(sender);
  const known = purse.known(limits, now);
  const rateOf = (bucket: number) =>
    (limits[bucket]?.perSecond ?? 1) * (bucket === 0 ? purse.pace() : 1);
  return limits.flatMap(({ burst, daily }, bucket): readonly Standing[] => {
    const { level = null, left = null } = known?.[bucket] ?? {};
    const rate = {
      name: nameOf(bucket, "rate"),
      quota: burst,
      windowSeconds: Math.ceil(burst / rateOf(bucket)),
      remaining: level,
      resetSeconds: level === null ? null : Math.ceil((burst - level) / rateOf(bucket)),
    };
    if (daily === null) return [rate];
    const midnight = Math.max(0, Math.ceil((purse.midnight() - now) / 1_000));
    const day = {
      name: nameOf(bucket, "daily"),
      quota: daily,
      windowSeconds: DAY_SECONDS,
      remaining: left === null ? null : Math.min(daily, left),
      resetSeconds: left === null ? null : midnight,
    };
    return [rate, day];
  });
}

function nameOf(bucket: number, limit: Obstacle["limit"]): LimitName {
  return (NAMES[bucket] ?? NAMES[0])[limit];
}

function ownerOf(bucket: number, { plan }: Sender): string {
  return bucket === 0 ? `this account (plan ${plan.name})` : "this API key";
}

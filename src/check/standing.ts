// The limits of a sender by name: what is said of one that is reached, and how much of each is left.
import type { Key } from "../model/key.ts";
import { keyBucket, type Limits, type Plan } from "../model/plan.ts";
import { percentOf } from "../model/pace.ts";
import type { LimitName, Problem } from "../model/problem.ts";
import type { Obstacle, Purse } from "./purse.ts";

/** Whose tokens are spent. */
export type Sender = {
  readonly plan: Plan;
  readonly key: Pick<Key, "id" | "limits">;
  /** The domain that it sends from, while that one is new. */
  readonly domain?: DomainLimit | null;
};

/** Recipients that a domain may have in a UTC day. */
export type DomainLimit = { readonly name: string; readonly daily: number };

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

/** Names of the limits of each kind of bucket. */
const NAMES = {
  account: { rate: "account", daily: "account-daily" },
  key: { rate: "key", daily: "key-daily" },
  domain: { rate: "domain", daily: "domain-daily" },
} as const;

/** A bucket of a sender: whose it is, and its name among those of its kind. */
export type SenderBucket = {
  readonly owner: keyof typeof NAMES;
  readonly id: string;
  readonly limits: Limits;
};

/** The buckets of a sender: the account's, the key's if it has limits of its own, the domain's if it is new. */
export function bucketsOf({ plan, key, domain = null }: Sender): readonly SenderBucket[] {
  const own = keyBucket(key.limits, plan);
  const { perSecond, burst } = plan;
  return [
    { owner: "account", id: "", limits: plan },
    ...(own ? [{ owner: "key", id: key.id, limits: own } as const] : []),
    ...(domain
      ? [
          {
            owner: "domain",
            id: domain.name,
            limits: { perSecond, burst, daily: domain.daily },
          } as const,
        ]
      : []),
  ];
}

/** Their limits. */
export function limitsOf(sender: Sender): readonly Limits[] {
  return bucketsOf(sender).map(({ limits }) => limits);
}

/** Why n recipients can never be let in at once, or null. */
export function tooMany(sender: Sender, n: number): Problem | null {
  for (const [bucket, { owner, limits }] of bucketsOf(sender).entries()) {
    const { burst, daily } = limits;
    // What is too much for a new domain today may be sent on another day.
    const most = Math.min(burst, owner === "domain" ? Infinity : (daily ?? Infinity));
    if (n <= most) continue;
    const which = burst <= most ? "rate" : "daily";
    const name = which === "rate" ? "burst" : "daily limit";
    const reason = `a request may have at most ${most} recipients: the ${name} of ${ownerOf(bucket, sender)}`;
    return { kind: "too_many_recipients", limit: nameOf(bucket, which, sender), reason };
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
  return { kind: "rate_limited", limit: nameOf(bucket, limit, sender), reason, retryAfterSeconds };
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
      name: nameOf(bucket, "rate", sender),
      quota: burst,
      windowSeconds: Math.ceil(burst / rateOf(bucket)),
      remaining: level,
      resetSeconds: level === null ? null : Math.ceil((burst - level) / rateOf(bucket)),
    };
    if (daily === null) return [rate];
    const midnight = Math.max(0, Math.ceil((purse.midnight() - now) / 1_000));
    const day = {
      name: nameOf(bucket, "daily", sender),
      quota: daily,
      windowSeconds: DAY_SECONDS,
      remaining: left === null ? null : Math.min(daily, left),
      resetSeconds: left === null ? null : midnight,
    };
    return [rate, day];
  });
}

function nameOf(bucket: number, limit: Obstacle["limit"], sender: Sender): LimitName {
  return NAMES[bucketsOf(sender)[bucket]?.owner ?? "account"][limit];
}

function ownerOf(bucket: number, sender: Sender): string {
  const { owner, id } = bucketsOf(sender)[bucket] ?? { owner: "account", id: "" };
  if (owner === "account") return `this account (plan ${sender.plan.name})`;
  return owner === "key" ? "this API key" : `${id}, which is new and may send more each day,`;
}

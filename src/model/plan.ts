// What an account may send (decision 11): one table of plans, and the lower limits that a key of it may
// carry. Limits, not promises of capacity; a recipient counts as one send.

/** How fast and how much: a token bucket and a count for the UTC day, in recipients. */
export type Limits = {
  /** Sustained rate. */
  readonly perSecond: number;
  /** Depth of the bucket: what a rested sender may send at once. */
  readonly burst: number;
  /** From midnight to midnight UTC; null for no limit. */
  readonly daily: number | null;
};

export const PLAN_NAMES = ["starter", "growth", "enterprise", "local"] as const;
export type PlanName = (typeof PLAN_NAMES)[number];

/** The limits of an account. */
export type Plan = Limits & {
  readonly name: PlanName;
  /** Decoded bytes of all attachments of a message together. */
  readonly attachmentBytes: number;
  /** To, Cc and Bcc of a message together. */
  readonly recipients: number;
};

const MB = 1024 * 1024;

const PLANS: Readonly<Record<PlanName, Plan>> = {
  starter: {
    name: "starter",
    attachmentBytes: 5 * MB,
    recipients: 50,
    perSecond: 10,
    burst: 50,
    daily: 10_000,
  },
  growth: {
    name: "growth",
    attachmentBytes: 10 * MB,
    recipients: 100,
    perSecond: 100,
    burst: 500,
    daily: 1_000_000,
  },
  enterprise: {
    name: "enterprise",
    attachmentBytes: 25 * MB,
    recipients: 1_000,
    perSecond: 1_000,
    burst: 5_000,
    daily: null,
  },
  local: {
    name: "local",
    attachmentBytes: 25 * MB,
    recipients: 1_000,
    perSecond: 100_000,
    burst: 1_000_000,
    daily: null,
  },
};

/** What of the account's limits a key lowers for itself (decision 19); null leaves the plan's. */
export type KeyLimits = {
  readonly perSecond: number | null;
  readonly burst: number | null;
  readonly daily: number | null;
};

/** Limits of a key that has none of its own. */
export const NO_LIMITS: KeyLimits = { perSecond: null, burst: null, daily: null };

/** A key that names a rate and no burst may save up so many seconds of it, as most plans do. */
const BURST_SECONDS = 5;

/** The bucket of a key: never above the plan's; null when the account's bucket is all there is. */
export function keyBucket({ perSecond, burst, daily }: KeyLimits, plan: Plan): Limits | null {
  if (perSecond === null && burst === null && daily === null) return null;
  const rate = Math.min(perSecond ?? plan.perSecond, plan.perSecond);
  const depth = burst ?? (perSecond === null ? plan.burst : perSecond * BURST_SECONDS);
  return { perSecond: rate, burst: Math.min(depth, plan.burst), daily };
}

/** The plan of an account; null is one that never said: `local` on the own machine, else `enterprise`. */
export function planOf(name: PlanName | null, localDev: boolean): Plan {
  return PLANS[name ?? (localDev ? "local" : "enterprise")];
}

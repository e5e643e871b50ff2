// The account's object: the only one that leases tokens, from the account's bucket and from one bucket for
// each key with limits of its own and each domain that is new, and slows the account down when its mail fails. A thin shell: the
// arithmetic is in quota.ts and model/pace.ts.
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../app.ts";
import { FULL_PACE, factorAt, observed, type Outcomes, type Pace, trouble } from "../model/pace.ts";
import { type Ask, type Bucket, type Grant, lease, type Source } from "./quota.ts";

const ACCOUNT_BUCKET = "bucket:account";
const PACE = "pace";

/** Keeps the buckets. */
export class Quota extends DurableObject<Env> {
  /**
   * Grants what there is. Nothing is awaited between reading and writing, and the platform holds the
   * answer back until what was written is durable: a lease that anybody has seen is never forgotten.
   */
  lease(ask: Ask): Grant {
    const { kv } = this.ctx.storage;
    const named: readonly (readonly [name: string, limits: Source["limits"]])[] = [
      [ACCOUNT_BUCKET, ask.account],
      ...ask.others.map(({ name, limits }) => [`bucket:${name}`, limits] as const),
    ];
    const now = Date.now();
    const sources = named.map(([name, limits]) => {
      const pace = name === ACCOUNT_BUCKET ? factorAt(this.#pace(), now) : 1;
      return { limits, bucket: kv.get<Bucket>(name) ?? null, pace };
    });
    const { buckets, grant } = lease(sources, ask, now);
    // Whoever only looks changes nothing.
    if (grant.asked + grant.surplus === 0) return grant;
    for (const [index, bucket] of buckets.entries()) kv.put(named[index]?.[0] ?? "", bucket);
    return grant;
  }

  /** Takes note of what became of attempts, and judges the pace anew; answers it. */
  observe(news: readonly Outcomes[]): JudgedPace {
    const now = Date.now();
    const before = this.#pace();
    const pace = observed(before, news, now);
    this.ctx.storage.kv.put(PACE, pace);
    return { ...judged(pace, now), halved: pace.halvedAt !== before.halvedAt };
  }

  /** The pace as it is. */
  pace(): JudgedPace {
    return { ...judged(this.#pace(), Date.now()), halved: false };
  }

  #pace(): Pace {
    return this.ctx.storage.kv.get<Pace>(PACE) ?? FULL_PACE;
  }
}

/** The part of the plan's rate that holds, and why it is not all of it. */
export type JudgedPace = {
  readonly factor: number;
  readonly trouble: string | null;
  /** It was halved just now. */
  readonly halved: boolean;
};

function judged(pace: Pace, now: number): Omit<JudgedPace, "halved"> {
  return { factor: factorAt(pace, now), trouble: trouble(pace, now) };
}

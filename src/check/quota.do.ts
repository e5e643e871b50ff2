// The account's object: the only one that leases tokens, from the account's bucket and from one bucket for
// each key with limits of its own. A thin shell: the arithmetic is in quota.ts.
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../app.ts";
import { type Ask, type Bucket, type Grant, lease, type Source } from "./quota.ts";

const ACCOUNT_BUCKET = "bucket:account";

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
      ...(ask.key ? [[`bucket:key:${ask.key.id}`, ask.key.limits] as const] : []),
    ];
    const sources = named.map(([name, limits]) => {
      return { limits, bucket: kv.get<Bucket>(name) ?? null };
    });
    const { buckets, grant } = lease(sources, ask, Date.now());
    // Whoever only looks changes nothing.
    if (grant.asked + grant.surplus === 0) return grant;
    for (const [index, bucket] of buckets.entries()) kv.put(named[index]?.[0] ?? "", bucket);
    return grant;
  }
}

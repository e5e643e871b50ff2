// How much a new domain may send through the KasaPost API (F-224). Whoever sends from a warm domain, or
// through another API, asks nobody.
import type { App } from "../app.ts";
import { dailyCap } from "../model/reputation.ts";
import type { DomainLimit } from "../check/standing.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import type { Key } from "../model/key.ts";
import type { SenderDomain } from "../model/sender-domain.ts";

/** The pace of an account changes by the minute. */
const PACE_TTL_MS = 15_000;

const paces = ttlCache<number>({ ttlMs: PACE_TTL_MS, maxEntries: 1 });

/** The limit of a sender's domain today, or null. */
export async function domainLimit(
  app: App,
  key: Pick<Key, "family">,
  { domain, warmingSince }: SenderDomain,
): Promise<DomainLimit | null> {
  if (key.family !== "kasapost" || warmingSince === null) return null;
  const now = app.now();
  // An object that does not answer refuses the send itself.
  const pace = await paces.get("", now, async () => (await app.quota.pace())?.factor ?? 1);
  const daily = dailyCap(warmingSince, now, pace);
  return daily === null ? null : { name: domain, daily };
}

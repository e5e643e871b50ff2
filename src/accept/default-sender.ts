// Who a request is from that names nobody (contract 1.2, flat form): the account's default sender.
import type { App } from "../app.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import type { DefaultSender } from "../model/sender-domain.ts";
import { findDefaultSender } from "../store/sender-domain.ts";

/** A changed default is used within this time. */
const DEFAULT_TTL_MS = 25_000;

const cache = ttlCache<DefaultSender | null>({ ttlMs: DEFAULT_TTL_MS, maxEntries: 1_000 });

/** The default sender, or null when none is configured. */
export function defaultSender(app: App): Promise<DefaultSender | null> {
  return cache.get("", app.now(), () => findDefaultSender(app.db, null));
}

/** The default sender of one domain, or null when it has none. */
export function defaultSenderOf(app: App, domain: string): Promise<DefaultSender | null> {
  return cache.get(domain, app.now(), () => findDefaultSender(app.db, domain));
}

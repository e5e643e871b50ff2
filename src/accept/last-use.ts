// Notes uses of keys and SMTP credentials.
import type { App } from "../app.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { type Admitting, isWorthNoting, NOTED_EVERY_MS } from "../model/last-use.ts";
import { noteLastUse } from "../store/last-use.ts";

/** Uses that this isolate has written down, so that it does not ask the database again. */
const noted = ttlCache<true>({ ttlMs: NOTED_EVERY_MS, maxEntries: 2_000 });

/** Writes down that something is used; nobody waits for it. */
export function noteUse(
  app: App,
  table: Admitting,
  { id, lastUsedAt }: { readonly id: string; readonly lastUsedAt: number | null },
): void {
  const now = app.now();
  if (!isWorthNoting(lastUsedAt, now)) return;
  const noting = noted.get(`${table} ${id}`, now, async () => {
    await noteLastUse(app.db, { table, id }, { now, unlessAfter: now - NOTED_EVERY_MS });
    return true;
  });
  app.background("note_use_failed", noting);
}

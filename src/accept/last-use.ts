// When a key or an SMTP credential was used last: written down once an hour, because each time costs a row.
import type { App } from "../app.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { type Admitting, noteLastUse } from "../store/last-use.ts";

const NOTED_EVERY_MS = 60 * 60 * 1_000;

/** Uses that this isolate has written down, so that it does not ask the database again. */
const noted = ttlCache<true>({ ttlMs: NOTED_EVERY_MS, maxEntries: 2_000 });

/** Writes down that something is used; nobody waits for it. */
export function noteUse(
  app: App,
  table: Admitting,
  { id, lastUsedAt }: { readonly id: string; readonly lastUsedAt: number | null },
): void {
  const now = app.now();
  if (lastUsedAt !== null && now - lastUsedAt < NOTED_EVERY_MS) return;
  const noting = noted.get(`${table} ${id}`, now, async () => {
    await noteLastUse(app.db, { table, id }, { now, unlessAfter: now - NOTED_EVERY_MS });
    return true;
  });
  app.background("note_use_failed", noting);
}

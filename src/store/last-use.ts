// SQL of when a key or an SMTP credential was used last.
import type { Admitting } from "../model/last-use.ts";
import { statement } from "./db.ts";

/** Notes a use, unless one is known of a time after `unlessAfter`. */
export async function noteLastUse(
  db: D1Database,
  { table, id }: { readonly table: Admitting; readonly id: string },
  times: { readonly now: number; readonly unlessAfter: number },
): Promise<void> {
  await statement(
    db,
    `update ${table} set last_used_at = ?2
     where id = ?1 and (last_used_at is null or last_used_at <= ?3)`,
    id,
    times.now,
    times.unlessAfter,
  ).run();
}

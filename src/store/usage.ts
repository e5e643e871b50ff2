// SQL of what the platform was asked for, a row a day.
import { OPERATIONS, type Usage, type UsageDay } from "../model/usage.ts";
import { rows, statement } from "./db.ts";

const COLUMNS = OPERATIONS.join(", ");

/** Adds to a day, which begins at `day`. One row written, which `own_rows` counts. */
export async function addUsage(db: D1Database, day: number, usage: Usage): Promise<void> {
  const values = OPERATIONS.map((_name, index) => `?${index + 2}`).join(", ");
  const sums = OPERATIONS.map((name) => `${name} = ${name} + excluded.${name}`).join(", ");
  await statement(
    db,
    `insert into usage_days (at, ${COLUMNS}, own_rows) values (?1, ${values}, 1)
     on conflict (at) do update set ${sums}, own_rows = own_rows + 1`,
    day,
    ...OPERATIONS.map((name) => usage[name]),
  ).run();
}

/** The days from one moment up to (not including) another in which something was counted, oldest first. */
export async function readUsage(
  db: D1Database,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly UsageDay[]> {
  const found = await rows<Usage & { readonly at: number; readonly own_rows: number }>(
    statement(
      db,
      `select at, ${COLUMNS}, own_rows from usage_days where at >= ?1 and at < ?2 order by at`,
      from,
      to,
    ),
  );
  return found.map(({ at, own_rows: ownRows, ...usage }) => ({ at, usage, ownRows }));
}

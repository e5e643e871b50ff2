// SQL of what people set of paces.
import type { ThrottleChange, ThrottleSettings } from "../model/throttle.ts";
import { rowsOf, statement, stored } from "./db.ts";

type ThrottleRow = { pool_id: string; domain_group: string; settings: string };

/** The statement that reads all settings: a row for each group that somebody changed. */
export function selectThrottles(db: D1Database): D1PreparedStatement {
  return statement(
    db,
    "select pool_id, domain_group, settings from throttles order by pool_id, domain_group",
  );
}

/** What selectThrottles answered. */
export function decodeThrottles(result: D1Result | undefined): readonly ThrottleChange[] {
  return rowsOf<ThrottleRow>(result).map((row) => ({
    poolId: row.pool_id,
    group: row.domain_group,
    settings: stored<Partial<ThrottleSettings>>(row.settings),
  }));
}

/** All settings. */
export async function listThrottles(db: D1Database): Promise<readonly ThrottleChange[]> {
  return decodeThrottles(await selectThrottles(db).all());
}

/** Lays settings over those there are; null takes one away, in a group's first change too. Safe to repeat. */
export async function changeThrottle(
  db: D1Database,
  { poolId, group, settings }: ThrottleChange,
  now: number,
): Promise<void> {
  await statement(
    db,
    `insert into throttles (pool_id, domain_group, settings, updated_at)
     values (?1, ?2, json_patch('{}', ?3), ?4)
     on conflict (pool_id, domain_group) do update set
       settings = json_patch(throttles.settings, ?3), updated_at = excluded.updated_at`,
    poolId,
    group,
    JSON.stringify(settings),
    now,
  ).run();
}

/** Forgets what was set; answers whether anything was. */
export async function resetThrottle(
  db: D1Database,
  { poolId, group }: Pick<ThrottleChange, "poolId" | "group">,
): Promise<boolean> {
  const { meta } = await statement(
    db,
    "delete from throttles where pool_id = ?1 and domain_group = ?2",
    poolId,
    group,
  ).run();
  return meta.changes > 0;
}

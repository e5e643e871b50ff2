// SQL of pools and of the rules that choose them; with relays and paces, all that routing needs in one round trip.
import type { Pool, PoolRule } from "../model/pool.ts";
import type { ThrottleChange } from "../model/throttle.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { decodeThrottles, selectThrottles } from "./throttle.ts";
import { decodeRelays, type Relays, relayStatements } from "./relay.ts";

type PoolRow = {
  id: string;
  number: number;
  name: string;
  kind: Pool["kind"];
  relays: string;
  created_at: number;
};

type RuleRow = {
  pool_id: string;
  mail_class: PoolRule["mailClass"];
  key_id: string | null;
  tag: string | null;
  domain: string | null;
};

/** Everything that routing needs: relays with their health, pools by their numbers, rules in order. */
export type Routing = Relays & {
  readonly pools: readonly Pool[];
  readonly rules: readonly PoolRule[];
  readonly throttles: readonly ThrottleChange[];
};

const COLUMNS = "id, number, name, kind, relays, created_at";

/** Reads it. */
export async function readRouting(db: D1Database): Promise<Routing> {
  const [pools, rules, throttles, ...relays] = await batch(db, [
    statement(db, `select ${COLUMNS} from pools order by number`),
    statement(
      db,
      "select pool_id, mail_class, key_id, tag, domain from pool_rules order by position",
    ),
    selectThrottles(db),
    ...relayStatements(db),
  ]);
  return {
    ...decodeRelays(relays),
    throttles: decodeThrottles(throttles),
    pools: rowsOf<PoolRow>(pools).map(decode),
    rules: rowsOf<RuleRow>(rules).map((row) => ({
      poolId: row.pool_id,
      mailClass: row.mail_class,
      keyId: row.key_id,
      tag: row.tag,
      domain: row.domain,
    })),
  };
}

/** Stores a new pool under the next number; null when its name is taken. */
export async function insertPool(db: D1Database, pool: Omit<Pool, "number">): Promise<Pool | null> {
  const [row] = await rows<PoolRow>(
    statement(
      db,
      `insert into pools (id, name, kind, relays, created_at) values (?1, ?2, ?3, ?4, ?5)
       on conflict (name) do nothing returning ${COLUMNS}`,
      pool.id,
      pool.name,
      pool.kind,
      relaysText(pool),
      pool.createdAt,
    ),
  );
  return row ? decode(row) : null;
}

/** Changes a pool; null when it is gone or its new name is taken. */
export async function updatePool(db: D1Database, pool: Pool): Promise<Pool | null> {
  const [row] = await rows<PoolRow>(
    statement(
      db,
      `update pools set name = ?2, kind = ?3, relays = ?4
       where id = ?1 and not exists (select 1 from pools where name = ?2 and id <> ?1)
       returning ${COLUMNS}`,
      pool.id,
      pool.name,
      pool.kind,
      relaysText(pool),
    ),
  );
  return row ? decode(row) : null;
}

/** Removes a pool that no rule names; false when one does, or there is none with this id. */
export async function deletePool(db: D1Database, id: string): Promise<boolean> {
  const gone = await rows<{ id: string }>(
    statement(
      db,
      `delete from pools where id = ?1
         and not exists (select 1 from pool_rules where pool_id = ?1) returning id`,
      id,
    ),
  );
  return gone.length > 0;
}

/** Replaces all rules at once. */
export async function putRules(db: D1Database, rules: readonly PoolRule[]): Promise<void> {
  await batch(db, [
    statement(db, "delete from pool_rules"),
    statement(
      db,
      `insert into pool_rules (position, pool_id, mail_class, key_id, tag, domain)
       select key, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?1)`,
      JSON.stringify(rules.map((r) => [r.poolId, r.mailClass, r.keyId, r.tag, r.domain])),
    ),
  ]);
}

function relaysText({ relays }: Pick<Pool, "relays">): string {
  return JSON.stringify(relays.map(({ relayId, weight }) => [relayId, weight]));
}

function decode(row: PoolRow): Pool {
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    kind: row.kind,
    relays: stored<[string, number][]>(row.relays).map(([relayId, weight]) => ({
      relayId,
      weight,
    })),
    createdAt: row.created_at,
  };
}

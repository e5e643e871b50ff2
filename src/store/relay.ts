// SQL of relays and their health.
import type { TlsMode } from "../deliver/smtp/transaction.ts";
import type { Vendor } from "../model/intake.ts";
import type { Relay, RelayHealth } from "../model/relay.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

type RelayRow = {
  id: string;
  name: string;
  host: string;
  port: number;
  tls: TlsMode;
  username: string | null;
  password: string | null;
  created_at: number;
  verp: number;
};

type HealthRow = {
  relay_id: string;
  failures: number;
  aside_until: number | null;
  reason: string;
};

/** A relay with its password as it is stored: encrypted, or null. */
export type StoredRelay = Relay & { readonly sealedPassword: string | null };

const SELECT_RELAYS = `select id, name, host, port, tls, username, password, created_at, verp
  from relays order by created_at, id`;
const SELECT_HEALTH = "select relay_id, failures, aside_until, reason from relay_health";
const SELECT_VENDORS = "select relay_id, vendor from intakes";

/**
 * Every relay in the order they are tried; by relay id, the health of those that failed lately and the
 * vendor of those whose intake is set.
 */
export type Relays = {
  readonly relays: readonly StoredRelay[];
  readonly health: ReadonlyMap<string, RelayHealth>;
  readonly vendors: ReadonlyMap<string, Vendor>;
};

/** Reads them. */
export async function listRelays(db: D1Database): Promise<Relays> {
  return decodeRelays(await batch(db, relayStatements(db)));
}

/** The statements that read them, for a batch with others. */
export function relayStatements(db: D1Database): D1PreparedStatement[] {
  return [SELECT_RELAYS, SELECT_HEALTH, SELECT_VENDORS].map((sql) => statement(db, sql));
}

/** What those statements brought. */
export function decodeRelays(results: readonly D1Result[]): Relays {
  return {
    relays: rowsOf<RelayRow>(results[0]).map(decode),
    health: new Map(
      rowsOf<HealthRow>(results[1]).map((row) => [
        row.relay_id,
        { failures: row.failures, asideUntil: row.aside_until, reason: row.reason },
      ]),
    ),
    vendors: new Map(
      rowsOf<{ relay_id: string; vendor: Vendor }>(results[2]).map((row) => [
        row.relay_id,
        row.vendor,
      ]),
    ),
  };
}

/** Stores a new relay. */
export async function insertRelay(db: D1Database, relay: StoredRelay): Promise<void> {
  await statement(
    db,
    `insert into relays (id, name, host, port, tls, username, password, created_at, verp)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
    relay.id,
    relay.name,
    relay.host,
    relay.port,
    relay.tls,
    relay.username,
    relay.sealedPassword,
    relay.createdAt,
    relay.verp ? 1 : 0,
  ).run();
}

/** Removes a relay, its intake and what is known of its health; false when there is none with this id. */
export async function deleteRelay(db: D1Database, id: string): Promise<boolean> {
  const results = await batch(db, [
    statement(db, "delete from relay_health where relay_id = ?1", id),
    statement(db, "delete from intakes where relay_id = ?1", id),
    statement(db, "delete from relays where id = ?1 returning id", id),
  ]);
  return rowsOf(results[2]).length > 0;
}

/** Writes down how a relay is after a failed connect. */
export async function noteFailure(
  db: D1Database,
  relayId: string,
  health: RelayHealth,
): Promise<void> {
  await statement(
    db,
    `insert into relay_health (relay_id, failures, aside_until, reason) values (?1, ?2, ?3, ?4)
     on conflict (relay_id) do update set failures = ?2, aside_until = ?3, reason = ?4`,
    relayId,
    health.failures,
    health.asideUntil,
    health.reason,
  ).run();
}

/** Forgets a relay's failures: it works again. */
export async function forgetFailures(db: D1Database, relayId: string): Promise<void> {
  await statement(db, "delete from relay_health where relay_id = ?1", relayId).run();
}

/** Whether a relay of this name exists already. */
export async function relayNameTaken(db: D1Database, name: string): Promise<boolean> {
  const found = await rows<{ id: string }>(
    statement(db, "select id from relays where name = ?1", name),
  );
  return found.length > 0;
}

function decode(row: RelayRow): StoredRelay {
  return {
    id: row.id,
    name: row.name,
    host: row.host,
    port: row.port,
    tls: row.tls,
    username: row.username,
    verp: row.verp === 1,
    createdAt: row.created_at,
    sealedPassword: row.password,
  };
}

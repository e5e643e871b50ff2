// SQL of DKIM keys.
import type { DkimKey, DkimState } from "../model/dkim-key.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

type Row = {
  domain: string;
  selector: string;
  algorithm: DkimKey["algorithm"];
  state: DkimState;
  public_key: string;
  private_key: string;
  created_at: number;
  changed_at: number;
  seen_at: number | null;
};

const COLUMNS = `domain, selector, algorithm, state, public_key, private_key, created_at, changed_at,
  seen_at`;

/** Every key of a domain, by selector. */
export async function listDkimKeys(db: D1Database, domain: string): Promise<readonly DkimKey[]> {
  const sql = `select ${COLUMNS} from dkim_keys where domain = ?1 order by selector`;
  return (await rows<Row>(statement(db, sql, domain))).map(decode);
}

/** What a domain gives its outgoing mail. */
export type OutgoingIdentity = {
  /** The keys that sign: active, and seen in DNS. */
  readonly keys: readonly DkimKey[];
  /** The host of its links, once it was seen to lead here; null: the Worker's own. */
  readonly trackingHost: string | null;
};

/** Reads it, in one round trip. */
export async function outgoingIdentity(db: D1Database, domain: string): Promise<OutgoingIdentity> {
  const [keys, hosts] = await batch(db, [
    statement(
      db,
      `select ${COLUMNS} from dkim_keys
       where domain = ?1 and state = 'active' and seen_at is not null order by selector`,
      domain,
    ),
    statement(
      db,
      "select tracking_host from sender_domains where domain = ?1 and tracking_ready = 1",
      domain,
    ),
  ]);
  const [host] = rowsOf<{ tracking_host: string | null }>(hosts);
  return { keys: rowsOf<Row>(keys).map(decode), trackingHost: host?.tracking_host ?? null };
}

/** Statements that store new keys; a selector that has one keeps it. */
export function insertDkimKeys(
  db: D1Database,
  keys: readonly DkimKey[],
): readonly D1PreparedStatement[] {
  return keys.map((key) =>
    statement(
      db,
      `insert into dkim_keys (${COLUMNS}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
       on conflict do nothing`,
      key.domain,
      key.selector,
      key.algorithm,
      key.state,
      key.publicKey,
      key.sealedPrivateKey,
      key.createdAt,
      key.changedAt,
      key.seenAt,
    ),
  );
}

/** A statement that notes when DNS showed these selectors. */
export function noteSeen(
  db: D1Database,
  domain: string,
  selectors: readonly string[],
  now: number,
): D1PreparedStatement {
  return statement(
    db,
    `update dkim_keys set seen_at = ?3
     where domain = ?1 and selector in (select value from json_each(?2))`,
    domain,
    JSON.stringify(selectors),
    now,
  );
}

/**
 * The standby keys become active and the active ones retire, if a rotation was asked for and DNS shows
 * every standby key; answers whether they did. Harmless the second time.
 */
export async function switchKeys(db: D1Database, domain: string, now: number): Promise<boolean> {
  const ready = `exists (select 1 from sender_domains where domain = ?1 and rotation_at is not null)
    and exists (select 1 from dkim_keys where domain = ?1 and state = 'standby')
    and not exists (select 1 from dkim_keys
      where domain = ?1 and state = 'standby' and seen_at is null)`;
  const results = await batch(db, [
    statement(
      db,
      `update dkim_keys set changed_at = ?2,
         state = case state when 'active' then 'retiring' else 'active' end
       where domain = ?1 and state in ('active', 'standby') and ${ready} returning selector`,
      domain,
      now,
    ),
    statement(
      db,
      `update sender_domains set rotation_at = null
       where domain = ?1 and not exists (select 1 from dkim_keys
         where domain = ?1 and state = 'standby')`,
      domain,
    ),
  ]);
  return rowsOf<{ selector: string }>(results[0]).length > 0;
}

/** Deletes keys that have been retiring since `before`; answers their selectors. */
export async function dropRetired(
  db: D1Database,
  domain: string,
  before: number,
): Promise<readonly string[]> {
  const sql = `delete from dkim_keys where domain = ?1 and state = 'retiring' and changed_at <= ?2
    returning selector`;
  return (await rows<{ selector: string }>(statement(db, sql, domain, before))).map(
    ({ selector }) => selector,
  );
}

function decode(row: Row): DkimKey {
  return {
    domain: row.domain,
    selector: row.selector,
    algorithm: row.algorithm,
    state: row.state,
    publicKey: row.public_key,
    sealedPrivateKey: row.private_key,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    seenAt: row.seen_at,
  };
}

// SQL of sender domains as their owner manages them.
import type { DnsRecord } from "../model/dns-record.ts";
import type { DomainState, Gate, OwnedDomain } from "../model/sender-domain.ts";
import type { DkimKey } from "../model/dkim-key.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { insertDkimKeys } from "./dkim-key.ts";

type Row = {
  domain: string;
  state: DomainState;
  default_sender: string | null;
  default_name: string | null;
  return_domain: string | null;
  bounce_domain: string | null;
  tracking_host: string | null;
  tracking_ready: number;
  track_opens: number;
  track_clicks: number;
  ed25519: number;
  gate: Gate;
  records: string | null;
  checked_at: number | null;
  check_at: number | null;
  rotation_at: number | null;
  created_at: number;
};

const COLUMNS = `domain, state, default_sender, default_name, return_domain, bounce_domain,
  tracking_host, tracking_ready, track_opens, track_clicks, ed25519, gate, records, checked_at,
  check_at, rotation_at, created_at`;

/** What a new domain starts with. */
export type NewDomain = Pick<
  OwnedDomain,
  | "domain"
  | "defaultSender"
  | "defaultName"
  | "returnDomain"
  | "trackingHost"
  | "ed25519"
  | "tracking"
  | "gate"
  | "createdAt"
>;

/** Stores a pending domain with its keys, which is looked at from now on; false when it is there already. */
export async function insertDomain(
  db: D1Database,
  domain: NewDomain,
  keys: readonly DkimKey[],
): Promise<boolean> {
  const [inserted] = await batch(db, [
    statement(
      db,
      `insert into sender_domains (domain, verified, state, default_sender, default_name,
         return_domain, tracking_host, ed25519, track_opens, track_clicks, check_at, created_at, gate)
       values (?1, 0, 'pending', ?2, ?3, ?4, ?5, ?6, ?8, ?9, ?7, ?7, ?10) on conflict do nothing
       returning domain`,
      domain.domain,
      domain.defaultSender,
      domain.defaultName,
      domain.returnDomain,
      domain.trackingHost,
      domain.ed25519 ? 1 : 0,
      domain.createdAt,
      domain.tracking.opens ? 1 : 0,
      domain.tracking.clicks ? 1 : 0,
      domain.gate,
    ),
    ...insertDkimKeys(db, keys),
  ]);
  return rowsOf(inserted).length > 0;
}

/** One domain, or null. */
export async function findOwnedDomain(db: D1Database, domain: string): Promise<OwnedDomain | null> {
  const sql = `select ${COLUMNS} from sender_domains where domain = ?1`;
  return first(await rows<Row>(statement(db, sql, domain)));
}

/** A page of domains in the order of their names. */
export async function listOwnedDomains(
  db: D1Database,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly OwnedDomain[]> {
  const sql = `select ${COLUMNS} from sender_domains where domain > ?1 order by domain limit ?2`;
  return (await rows<Row>(statement(db, sql, page.after, page.limit))).map(decode);
}

/** Domains that are to be looked at, those that wait longest first. */
export async function dueDomains(
  db: D1Database,
  now: number,
  limit: number,
): Promise<readonly string[]> {
  const sql = `select domain from sender_domains where check_at <= ?1 order by check_at limit ?2`;
  return (await rows<{ domain: string }>(statement(db, sql, now, limit))).map((row) => row.domain);
}

/** What may be changed of a domain; what is absent stays. */
export type DomainChange = {
  readonly defaultSender?: string | null | undefined;
  readonly defaultName?: string | null | undefined;
  readonly returnDomain?: string | undefined;
  readonly trackingHost?: string | null | undefined;
  readonly trackOpens?: boolean | undefined;
  readonly trackClicks?: boolean | undefined;
  readonly gate?: Gate | undefined;
};

/**
 * Changes a domain. Another return path or host is looked for, and used once it was seen; a gate needs to
 * know what DNS shows, so a domain that nobody looked at is looked at too.
 */
export async function changeDomain(
  db: D1Database,
  domain: string,
  change: DomainChange,
  now: number,
): Promise<OwnedDomain | null> {
  const sql = `update sender_domains set
      default_sender = case when ?2 then ?3 else default_sender end,
      default_name = case when ?4 then ?5 else default_name end,
      bounce_domain = case when ?6 and return_domain is not ?7 then null else bounce_domain end,
      return_domain = case when ?6 then ?7 else return_domain end,
      tracking_ready = case when ?8 and tracking_host is not ?9 then 0 else tracking_ready end,
      tracking_host = case when ?8 then ?9 else tracking_host end,
      track_opens = coalesce(?11, track_opens), track_clicks = coalesce(?12, track_clicks),
      records = case when ?6 or ?8 then null else records end,
      gate = coalesce(?13, gate),
      check_at = case when ?6 or ?8 or (?13 <> 'off' and records is null) then ?10
        else check_at end
    where domain = ?1 returning ${COLUMNS}`;
  const given = (value: string | null | undefined) => (value === undefined ? 0 : 1);
  const { defaultSender, defaultName, returnDomain, trackingHost } = change;
  const found = await rows<Row>(
    statement(
      db,
      sql,
      domain,
      given(defaultSender),
      defaultSender ?? null,
      given(defaultName),
      defaultName ?? null,
      given(returnDomain),
      returnDomain ?? null,
      given(trackingHost),
      trackingHost ?? null,
      now,
      flag(change.trackOpens),
      flag(change.trackClicks),
      change.gate ?? null,
    ),
  );
  return first(found);
}

/** What a look into DNS came to. */
export type Checked = {
  readonly domain: string;
  readonly state: DomainState;
  readonly returnReady: boolean;
  readonly trackingReady: boolean;
  readonly records: readonly DnsRecord[];
  readonly checkedAt: number;
  readonly checkAt: number;
};

/** Statements that keep what a look came to. A return path or host that was changed meanwhile stays unseen. */
export function keepChecked(
  db: D1Database,
  before: OwnedDomain,
  checked: Checked,
): D1PreparedStatement {
  return statement(
    db,
    `update sender_domains set state = ?2, verified = iif(?2 = 'pending', 0, 1),
       bounce_domain = iif(?3, ?8, bounce_domain), return_domain = coalesce(return_domain, ?8),
       tracking_ready = iif(?4, 1, tracking_ready), records = ?5, checked_at = ?6, check_at = ?7,
       warming_since = coalesce(warming_since, iif(verified = 0 and ?2 <> 'pending', ?6, null))
     where domain = ?1 and coalesce(return_domain, ?8) = ?8 and tracking_host is ?9`,
    checked.domain,
    checked.state,
    checked.returnReady ? 1 : 0,
    checked.trackingReady ? 1 : 0,
    JSON.stringify(checked.records),
    checked.checkedAt,
    checked.checkAt,
    before.returnDomain,
    before.trackingHost,
  );
}

/** Asks for a rotation of the DKIM keys; false when there is no standby key to go to. */
export async function askRotation(db: D1Database, domain: string, now: number): Promise<boolean> {
  const sql = `update sender_domains set rotation_at = coalesce(rotation_at, ?2), check_at = ?2
    where domain = ?1 and exists (select 1 from dkim_keys
      where domain = ?1 and state = 'standby') returning domain`;
  return (await rows(statement(db, sql, domain, now))).length > 0;
}

/** Deletes a domain with its keys and approvals; false when there is none. */
export async function deleteDomain(db: D1Database, domain: string): Promise<boolean> {
  const [deleted] = await batch(db, [
    statement(db, "delete from sender_domains where domain = ?1 returning domain", domain),
    statement(db, "delete from dkim_keys where domain = ?1", domain),
    statement(db, "delete from amp_approvals where domain = ?1", domain),
  ]);
  return rowsOf(deleted).length > 0;
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : value ? 1 : 0;
}

function first(found: readonly Row[]): OwnedDomain | null {
  return found[0] ? decode(found[0]) : null;
}

function decode(row: Row): OwnedDomain {
  const returnDomain = row.return_domain ?? row.bounce_domain ?? `bounce.${row.domain}`;
  return {
    domain: row.domain,
    state: row.state,
    defaultSender: row.default_sender,
    defaultName: row.default_name,
    returnDomain,
    returnReady: row.bounce_domain === returnDomain,
    trackingHost: row.tracking_host,
    trackingReady: row.tracking_ready === 1,
    ed25519: row.ed25519 === 1,
    tracking: { opens: row.track_opens === 1, clicks: row.track_clicks === 1 },
    gate: row.gate,
    records: row.records === null ? null : stored<DnsRecord[]>(row.records),
    checkedAt: row.checked_at,
    checkAt: row.check_at,
    rotationAt: row.rotation_at,
    createdAt: row.created_at,
  };
}

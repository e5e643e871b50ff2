// SQL of sender domains and AMP approvals.
import type { DnsRecord } from "../model/dns-record.ts";
import type { DefaultSender, Gate, Published, SenderDomain } from "../model/sender-domain.ts";
import { rows, statement, stored } from "./db.ts";

type PublishedRow = { records: string | null; bounce_domain: string | null };

type Row = PublishedRow & {
  domain: string;
  verified: number;
  track_opens: number;
  track_clicks: number;
  amp: string;
  gate: Gate;
  warming_since: number | null;
};

/** The sender domain with its AMP approvals, or null. */
export async function findSenderDomain(
  db: D1Database,
  domain: string,
): Promise<SenderDomain | null> {
  const found = await rows<Row>(
    statement(
      db,
      `select domain, verified, track_opens, track_clicks, gate, bounce_domain, warming_since,
         iif(gate = 'off', null, records) as records,
         (select json_group_array(from_name) from amp_approvals a where a.domain = ?1) as amp
       from sender_domains where domain = ?1`,
      domain,
    ),
  );
  const row = found[0];
  if (!row) return null;
  return {
    domain: row.domain,
    verified: row.verified === 1,
    ampFromNames: stored<string[]>(row.amp),
    tracking: { opens: row.track_opens === 1, clicks: row.track_clicks === 1 },
    gate: row.gate,
    warmingSince: row.warming_since,
    published: row.gate === "off" ? null : published(row),
  };
}

/** What is known of a sender domain in DNS; nothing of one that is not there. */
export async function findPublished(db: D1Database, domain: string): Promise<Published> {
  const sql = "select records, bounce_domain from sender_domains where domain = ?1";
  const [row] = await rows<PublishedRow>(statement(db, sql, domain));
  return published(row ?? { records: null, bounce_domain: null });
}

function published({ records, bounce_domain: bounceDomain }: PublishedRow): Published {
  return { records: records === null ? null : stored<DnsRecord[]>(records), bounceDomain };
}

/** The sender of requests that name none: a domain's default, else the oldest verified domain's; or null. */
export async function findDefaultSender(
  db: D1Database,
  domain: string | null,
): Promise<DefaultSender | null> {
  const found = await rows<{ address: string; name: string | null }>(
    statement(
      db,
      `select default_sender as address, default_name as name from sender_domains
       where verified = 1 and default_sender is not null and (?1 is null or domain = ?1)
       order by created_at, domain limit 1`,
      domain,
    ),
  );
  return found[0] ? { address: found[0].address, name: found[0].name ?? "" } : null;
}

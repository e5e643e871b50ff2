// SQL of sender domains and AMP approvals.
import type { DefaultSender, SenderDomain } from "../model/sender-domain.ts";
import { rows, statement, stored } from "./db.ts";

/** The sender domain with its AMP approvals, or null. */
export async function findSenderDomain(
  db: D1Database,
  domain: string,
): Promise<SenderDomain | null> {
  const found = await rows<{
    domain: string;
    verified: number;
    track_opens: number;
    track_clicks: number;
    amp: string;
  }>(
    statement(
      db,
      `select domain, verified, track_opens, track_clicks,
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
  };
}

/** The sender of requests that name none: the oldest verified domain's default, or null. */
export async function findDefaultSender(db: D1Database): Promise<DefaultSender | null> {
  const found = await rows<{ address: string; name: string | null }>(
    statement(
      db,
      `select default_sender as address, default_name as name from sender_domains
       where verified = 1 and default_sender is not null order by created_at, domain limit 1`,
    ),
  );
  return found[0] ? { address: found[0].address, name: found[0].name ?? "" } : null;
}

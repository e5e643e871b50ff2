// SQL of AMP approvals: which From names of a domain may send AMP parts (C-06).
import { rows, statement } from "./db.ts";

/** One approval; `fromName` is the exact display name, or `*` for any. */
export type AmpApproval = {
  readonly fromName: string;
  /** Who approved it, such as `gmail`; `*` for all. */
  readonly provider: string;
  readonly createdAt: number;
};

/** The approvals of a domain. */
export async function listAmpApprovals(
  db: D1Database,
  domain: string,
): Promise<readonly AmpApproval[]> {
  const found = await rows<{ from_name: string; provider: string; created_at: number }>(
    statement(
      db,
      `select from_name, provider, created_at from amp_approvals where domain = ?1
       order by from_name, provider`,
      domain,
    ),
  );
  return found.map((row) => ({
    fromName: row.from_name,
    provider: row.provider,
    createdAt: row.created_at,
  }));
}

/** Stores an approval of a domain that exists, unless it has `limit` already; answers whether it stands. */
export async function insertAmpApproval(
  db: D1Database,
  domain: string,
  approval: AmpApproval,
  limit: number,
): Promise<boolean> {
  const { fromName, provider, createdAt } = approval;
  await statement(
    db,
    `insert into amp_approvals (domain, from_name, provider, created_at)
     select domain, ?2, ?3, ?4 from sender_domains where domain = ?1
       and (select count(*) from amp_approvals where domain = ?1) < ?5
     on conflict do nothing`,
    domain,
    fromName,
    provider,
    createdAt,
    limit,
  ).run();
  const sql = "select 1 from amp_approvals where domain = ?1 and from_name = ?2 and provider = ?3";
  return (await rows(statement(db, sql, domain, fromName, provider))).length > 0;
}

/** Deletes an approval; false when there is none. */
export async function deleteAmpApproval(
  db: D1Database,
  domain: string,
  { fromName, provider }: Pick<AmpApproval, "fromName" | "provider">,
): Promise<boolean> {
  const sql = `delete from amp_approvals where domain = ?1 and from_name = ?2 and provider = ?3
    returning domain`;
  return (await rows(statement(db, sql, domain, fromName, provider))).length > 0;
}

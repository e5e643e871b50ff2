// SQL of the host names that sender domains use: those of tracked links and those of return paths.
import { batch, rowsOf, statement } from "./db.ts";

/** Host names in use. */
export type DomainHosts = {
  /** Hosts that links lead to. */
  readonly tracking: readonly string[];
  /** Domains that bounces come back to. */
  readonly returning: readonly string[];
};

/** The hosts of all sender domains, by name. */
export async function domainHosts(db: D1Database): Promise<DomainHosts> {
  const [tracking, returning] = await batch(db, [
    statement(
      db,
      `select distinct tracking_host as host from sender_domains
       where tracking_host is not null and tracking_ready = 1 order by host`,
    ),
    statement(
      db,
      `select distinct bounce_domain as host from sender_domains
       where bounce_domain is not null order by host`,
    ),
  ]);
  const hosts = (result: D1Result | undefined) =>
    rowsOf<{ host: string }>(result).map(({ host }) => host);
  return { tracking: hosts(tracking), returning: hosts(returning) };
}

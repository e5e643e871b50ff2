// The conductor of reports: a domain of ours with what we know of it, or any domain.
import type { App } from "../app.ts";
import { findOwnedDomain } from "../store/sender-domain-owned.ts";
import { type DomainReport, reportOn } from "./report.ts";
import { dnsOf, PATIENCE_MS, publishingOf } from "./world.ts";

/** A report on one of the account's sender domains; null when it is none. */
export async function inspectOwnDomain(app: App, domain: string): Promise<DomainReport | null> {
  const owned = await findOwnedDomain(app.db, domain);
  if (!owned) return null;
  const { mechanisms, keys } = await publishingOf(app, owned);
  const selectors = keys.filter(({ state }) => state === "active").map(({ selector }) => selector);
  return reportOn({ domain, mechanisms, selectors }, dnsOf(app, PATIENCE_MS));
}

/** A report on any domain. */
export function inspectDomain(app: App, domain: string): Promise<DomainReport> {
  return reportOn({ domain, mechanisms: [], selectors: [] }, dnsOf(app, PATIENCE_MS));
}

// The conductor of reports: a domain of ours with what we know of it, or any domain.
import type { App } from "../app.ts";
import { findOwnedDomain } from "../store/sender-domain-owned.ts";
import { type DomainReport, reportOn } from "./report.ts";
import { checkHost, type SpfOutcome } from "./spf.ts";
import { PATIENCE_MS, publishingOf, rememberedDns } from "./world.ts";

/** A report on one of the account's sender domains; null when it is none. */
export async function inspectOwnDomain(app: App, domain: string): Promise<DomainReport | null> {
  const owned = await findOwnedDomain(app.db, domain);
  if (!owned) return null;
  const { mechanisms, keys } = await publishingOf(app, owned);
  const selectors = keys.filter(({ state }) => state === "active").map(({ selector }) => selector);
  return reportOn({ domain, mechanisms, selectors }, rememberedDns(app, PATIENCE_MS));
}

/** A report on any domain. */
export function inspectDomain(app: App, domain: string): Promise<DomainReport> {
  return reportOn({ domain, mechanisms: [], selectors: [] }, rememberedDns(app, PATIENCE_MS));
}

/** What SPF says of an address that sends for a domain (RFC 7208 §4). Throws when `ip` is no address. */
export function askSpf(
  app: App,
  { domain, ip }: { readonly domain: string; readonly ip: string },
): Promise<SpfOutcome> {
  const dns = rememberedDns(app, PATIENCE_MS);
  const helo = app.config.ehloName;
  const now = Math.floor(app.now() / 1000);
  const question = { ip, domain, sender: `postmaster@${domain}`, helo, now, receiver: helo };
  return checkHost(question, dns);
}

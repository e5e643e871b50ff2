// What verification asks of the world: the keys and relays that records are made from, and DNS itself.
import type { App } from "../app.ts";
import { type DnsAnswer, lookUp } from "../lib/doh.ts";
import { fail } from "../lib/result.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { relayMechanism } from "../model/relay-spf.ts";
import type { OwnedDomain } from "../model/sender-domain.ts";
import { listDkimKeys } from "../store/dkim-key.ts";
import { listRelays } from "../store/relay.ts";
import type { Publishing } from "./publishing.ts";
import type { Dns } from "./spf-find.ts";

/** A look into DNS that somebody waits for. */
export const PATIENCE_MS = 3_000;

/** What a domain is to publish, as things are now. */
export async function publishingOf(app: App, domain: OwnedDomain): Promise<Publishing> {
  const { config, db } = app;
  const [keys, { relays }] = await Promise.all([listDkimKeys(db, domain.domain), listRelays(db)]);
  const hosts = [
    ...relays.map(({ host }) => host),
    ...(config.defaultRelay ? [config.defaultRelay.host] : []),
  ];
  const mechanisms = config.spfMechanisms ?? [...new Set(hosts.map(relayMechanism))];
  const target = config.publicUrl === null ? null : new URL(config.publicUrl).hostname;
  const { trackingHost } = domain;
  return {
    domain: domain.domain,
    returnDomain: domain.returnDomain,
    tracking: target === null || trackingHost === null ? null : { host: trackingHost, target },
    mechanisms,
    exchanges: config.inboundExchanges,
    // A key that retires stays published, but nobody has to set it up any more.
    keys: keys.filter(({ state }) => state !== "retiring"),
  };
}

/** DNS for one look: every question asked once, and none after the patience has ended. */
export function dnsOf(app: App, patienceMs: number): Dns {
  const asked = new Map<string, ReturnType<Dns>>();
  const deadline = AbortSignal.timeout(patienceMs);
  return (name, type) => {
    const question = `${name} ${type}`;
    const known = asked.get(question);
    if (known) return known;
    const answer = deadline.aborted
      ? Promise.resolve(fail(`${name} was not looked for: DNS takes too long`))
      : lookUp(app, name, type, deadline);
    asked.set(question, answer);
    return answer;
  };
}

/** A report may be a little old; so may the answer that a name does not exist. */
const REPORT_TTL_MS = 60_000;
const MAX_ANSWERS = 2_000;

const answers = ttlCache<DnsAnswer>({ ttlMs: REPORT_TTL_MS, maxEntries: MAX_ANSWERS });

/** DNS for reports: answers, also empty ones, are kept for a minute in the isolate; failures are not. */
export function rememberedDns(app: App, patienceMs: number): Dns {
  const dns = dnsOf(app, patienceMs);
  return async (name, type) => {
    const question = `${name} ${type}`;
    const answer = await answers.get(question, app.now(), () => dns(name, type));
    if (!answer.ok) answers.delete(question);
    return answer;
  };
}

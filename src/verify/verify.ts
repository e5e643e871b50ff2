// The conductor of verification: what a domain should publish → what DNS shows → its state, its keys, when
// to look again. A run that is repeated or interrupted changes nothing that the next one would not.
import type { App } from "../app.ts";
import { makeKeyPair } from "../lib/key-pair.ts";
import { seal } from "../lib/seal.ts";
import {
  type DkimAlgorithm,
  type DkimKey,
  dkimPurpose,
  type DkimState,
  GENERATIONS,
  type Generation,
  RETIRING_MS,
  selectorOf,
} from "../model/dkim-key.ts";
import type { DnsRecord } from "../model/dns-record.ts";
import { type DomainState, nextCheck, type OwnedDomain, stateOf } from "../model/sender-domain.ts";
import { appendAudit } from "../store/audit.ts";
import { batch } from "../store/db.ts";
import {
  dropRetired,
  insertDkimKeys,
  listDkimKeys,
  noteSeen,
  switchKeys,
} from "../store/dkim-key.ts";
import { findOwnedDomain, keepChecked } from "../store/sender-domain-owned.ts";
import { wantedRecords } from "./publishing.ts";
import { judgeRecords, unchecked } from "./records.ts";
import { dnsOf, publishingOf } from "./world.ts";

/** Nobody waits for the sweeper's look. */
const SWEEP_PATIENCE_MS = 10_000;

/** Domains that one sweep looks at. */
export const DOMAINS_A_SWEEP = 5;

/** A domain with the records that it is to publish. */
export type VerifiedDomain = {
  readonly domain: OwnedDomain;
  readonly records: readonly DnsRecord[];
};

/** New keys for a domain: generation 1 signs, 2 stands by. */
export async function newKeys(
  app: App,
  ask: { readonly domain: string; readonly ed25519: boolean },
): Promise<readonly DkimKey[]> {
  const states: readonly DkimState[] = ["active", "standby"];
  const generations = GENERATIONS.map((generation, index) =>
    generationKeys(app, { ...ask, generation, state: states[index] ?? "standby" }),
  );
  return (await Promise.all(generations)).flat();
}

async function generationKeys(
  app: App,
  ask: {
    readonly domain: string;
    readonly ed25519: boolean;
    readonly generation: Generation;
    readonly state: DkimState;
  },
): Promise<readonly DkimKey[]> {
  const algorithms: readonly DkimAlgorithm[] = ask.ed25519
    ? ["rsa-sha256", "ed25519-sha256"]
    : ["rsa-sha256"];
  const now = app.now();
  const { domain, state } = ask;
  return Promise.all(
    algorithms.map(async (algorithm) => {
      const selector = selectorOf(ask.generation, algorithm);
      const { privateKey, publicKey } = await makeKeyPair(algorithm);
      const purpose = dkimPurpose(domain, selector);
      const sealedPrivateKey = await seal(app.config.encryptionKey, purpose, privateKey);
      const times = { createdAt: now, changedAt: now, seenAt: null };
      return { domain, selector, algorithm, state, publicKey, sealedPrivateKey, ...times };
    }),
  );
}

/** A domain with its records as they were found last. */
export async function showDomain(app: App, domain: OwnedDomain): Promise<VerifiedDomain> {
  if (domain.records !== null) return { domain, records: domain.records };
  const publishing = await publishingOf(app, domain);
  return { domain, records: unchecked(wantedRecords(publishing)) };
}

/** Looks at a domain now, for at most so long; null when there is none. */
export async function verifyDomain(
  app: App,
  name: string,
  patienceMs: number = SWEEP_PATIENCE_MS,
): Promise<VerifiedDomain | null> {
  const before = await findOwnedDomain(app.db, name);
  if (!before) return null;
  await renewKeys(app, before);
  const publishing = await publishingOf(app, before);
  const dns = dnsOf(app, patienceMs);
  const records = await judgeRecords(dns, wantedRecords(publishing), publishing);
  await keep(app, before, records);
  const domain = await findOwnedDomain(app.db, name);
  return domain && { domain, records };
}

/** Keys for a domain that has none; new standby keys where the last ones have retired long enough. */
async function renewKeys(app: App, domain: OwnedDomain): Promise<void> {
  const { domain: name, ed25519 } = domain;
  await dropRetired(app.db, name, app.now() - RETIRING_MS);
  const keys = await listDkimKeys(app.db, name);
  if (keys.length === 0) {
    await store(app, await newKeys(app, { domain: name, ed25519 }));
    return;
  }
  const used = new Set(keys.map(({ selector }) => selector));
  const free = GENERATIONS.find((generation) => !used.has(selectorOf(generation, "rsa-sha256")));
  if (free === undefined) return;
  const state = "standby";
  await store(app, await generationKeys(app, { domain: name, ed25519, generation: free, state }));
}

async function store(app: App, keys: readonly DkimKey[]): Promise<void> {
  await batch(app.db, [...insertDkimKeys(app.db, keys)]);
}

async function keep(app: App, before: OwnedDomain, records: readonly DnsRecord[]): Promise<void> {
  const now = app.now();
  const state = stateOf(records, before.state) ?? before.state;
  const good = (purpose: DnsRecord["purpose"]) =>
    records.some((record) => record.purpose === purpose && record.status === "ok");
  const selectors = records
    .filter(({ purpose, status }) => purpose === "dkim" && status === "ok")
    .map(({ name }) => name.slice(0, name.indexOf(".")));
  const checkAt = nextCheck({ state, createdAt: before.createdAt }, now);
  await batch(app.db, [
    keepChecked(app.db, before, {
      domain: before.domain,
      state,
      returnReady: good("return_path_mx"),
      trackingReady: good("tracking"),
      records,
      checkedAt: now,
      checkAt,
    }),
    noteSeen(app.db, before.domain, selectors, now),
  ]);
  if (state !== before.state) await tellState(app, before.domain, state, records);
  if (before.rotationAt !== null && (await switchKeys(app.db, before.domain, now))) {
    app.log("info", "dkim_rotated", { domain: before.domain });
    await trace(app, { kind: "dkim_rotated", domain: before.domain, detail: "" });
  }
}

/** A domain that became active, or drifted, is news for people: a line in the log, an entry that stays. */
async function tellState(
  app: App,
  domain: string,
  state: DomainState,
  records: readonly DnsRecord[],
): Promise<void> {
  const wrong = records.filter(({ required, status }) => required && status !== "ok");
  const names = wrong.map(({ type, name }) => `${type} ${name}`).join(", ");
  app.log(state === "drifted" ? "warn" : "info", "domain_state", { domain, state, records: names });
  const detail = names === "" ? state : `${state}: ${names}`;
  await trace(app, { kind: "domain_state", domain, detail });
}

async function trace(
  app: App,
  what: {
    readonly kind: "domain_state" | "dkim_rotated";
    readonly domain: string;
    readonly detail: string;
  },
): Promise<void> {
  await appendAudit(app.db, {
    at: app.now(),
    kind: what.kind,
    keyId: null,
    ip: "",
    operation: "look into DNS",
    target: `domain=${what.domain}`,
    bodyHash: "",
    requestId: "",
    detail: what.detail,
  });
}

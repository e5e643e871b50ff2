// What a domain gives its outgoing mail: the DKIM keys that sign, and the host of its links. Remembered for a
// short while; keys are imported once per isolate.
import type { App } from "../app.ts";
import { importPrivateKey } from "../lib/key-pair.ts";
import { reasonOf } from "../lib/log.ts";
import { open } from "../lib/seal.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { type DkimKey, dkimPurpose } from "../model/dkim-key.ts";
import { type OutgoingIdentity, outgoingIdentity } from "../store/dkim-key.ts";
import type { DkimSigner } from "./dkim.ts";

/** A key that was rotated away signs no longer than this; it stays in DNS for days. */
const IDENTITY_TTL_MS = 25_000;

/** Importing costs more than a signature; a key never changes under its selector and time. */
const IMPORT_TTL_MS = 60 * 60 * 1000;

const MAX_DOMAINS = 1_000;

const identities = ttlCache<OutgoingIdentity>({ ttlMs: IDENTITY_TTL_MS, maxEntries: MAX_DOMAINS });
const imported = ttlCache<CryptoKey | null>({ ttlMs: IMPORT_TTL_MS, maxEntries: 2 * MAX_DOMAINS });

/** A domain's signers, none while it has no key that DNS shows, and its host of links. */
export type Identity = {
  readonly signers: readonly DkimSigner[];
  readonly trackingHost: string | null;
};

/** The identity of a domain. A key that does not open is logged and left out. */
export async function identityOf(app: App, domain: string): Promise<Identity> {
  const now = app.now();
  const load = () => outgoingIdentity(app.db, domain);
  const { keys, trackingHost } = await identities.get(domain, now, load);
  const signers = await Promise.all(
    keys.map(async (stored) => {
      const { selector, algorithm } = stored;
      const name = `${domain}/${selector}/${stored.createdAt}`;
      const key = await imported.get(name, now, () => importStored(app, stored));
      return key === null ? [] : [{ domain, selector, algorithm, key }];
    }),
  );
  return { signers: signers.flat(), trackingHost };
}

async function importStored(app: App, key: DkimKey): Promise<CryptoKey | null> {
  const { domain, selector } = key;
  try {
    const purpose = dkimPurpose(domain, selector);
    const opened = await open(app.config.encryptionKey, purpose, key.sealedPrivateKey);
    return await importPrivateKey(key.algorithm, opened);
  } catch (error) {
    app.log("error", "dkim_key_unreadable", { domain, selector, reason: reasonOf(error) });
    return null;
  }
}

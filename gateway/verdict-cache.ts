// Remembers for up to a minute that a password was right, so that a client with many connections asks
// the Worker once. Keyed by a digest: a password is never kept.
import { createHash } from "node:crypto";

/** What the Worker said about a credential whose password was right. */
export type Verdict = {
  readonly credentialId: string;
  /** The largest message in bytes. */
  readonly maxSize: number;
  readonly requireTls: boolean;
};

/** Right passwords of the last minute. */
export type VerdictCache = {
  readonly get: (key: string, now: number) => Verdict | null;
  readonly put: (key: string, verdict: Verdict, now: number) => void;
  /** Forgets one, because the Worker refused it meanwhile. */
  readonly forget: (key: string) => void;
  /** Forgets all, because tenants changed. */
  readonly clear: () => void;
};

/** A revoked credential is refused at the next message anyway; until then AUTH may say yes this long. */
export const VERDICT_MS = 60_000;

/** About 3 MB; the oldest leave first. */
const MAX_VERDICTS = 10_000;

/** Under which a user name and its password are remembered; a user name has no NUL (RFC 4616). */
export function verdictKey(username: string, password: string): string {
  return createHash("sha256").update(`${username}\0${password}`).digest("base64");
}

export function verdictCache(): VerdictCache {
  const entries = new Map<string, { readonly verdict: Verdict; readonly until: number }>();
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (!entry || now >= entry.until || now < entry.until - VERDICT_MS) return null;
      return entry.verdict;
    },
    put(key, verdict, now) {
      entries.delete(key);
      entries.set(key, { verdict, until: now + VERDICT_MS });
      const oldest = entries.keys().next();
      if (entries.size > MAX_VERDICTS && !oldest.done) entries.delete(oldest.value);
    },
    forget: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  };
}

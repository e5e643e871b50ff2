// DMARC of a domain: its own record, else that of its organisational domain (RFC 7489 §6.6.3). Through a
// port to DNS.
import { fail, ok, type Result } from "../lib/result.ts";
import { organisationalDomain } from "../model/organisational-domain.ts";
import type { Dns } from "./spf-find.ts";
import { readTags } from "../model/tag-list.ts";

/** A policy and where it stands. */
export type Dmarc = {
  /** `_dmarc.<domain>`. */
  readonly name: string;
  readonly text: string;
  /** What holds for the domain that was asked for: `p`, or `sp` of the organisational domain. */
  readonly policy: "none" | "quarantine" | "reject";
  /** Relaxed or strict alignment. */
  readonly dkim: "r" | "s";
  readonly spf: "r" | "s";
  readonly percent: number;
};

/** `none`: there is no record; `wrong`: there is one that receivers ignore; `unknown`: DNS did not answer. */
export type NoDmarc = {
  readonly kind: "none" | "wrong" | "unknown";
  readonly name: string;
  readonly found: readonly string[];
  readonly reason: string;
};

/** Finds the policy that holds for a domain. */
export async function findDmarc(dns: Dns, domain: string): Promise<Result<Dmarc, NoDmarc>> {
  const own = await dmarcAt(dns, domain, "p");
  const above = organisationalDomain(domain);
  if (own.ok || own.error.kind !== "none" || above === domain) return own;
  const theirs = await dmarcAt(dns, above, "sp");
  return theirs.ok || theirs.error.kind !== "none" ? theirs : own;
}

async function dmarcAt(dns: Dns, domain: string, tag: "p" | "sp"): Promise<Result<Dmarc, NoDmarc>> {
  const name = `_dmarc.${domain}`;
  const answer = await dns(name, "TXT");
  if (!answer.ok) return fail({ kind: "unknown", name, found: [], reason: answer.error });
  const found = answer.value.filter((text) => /^v\s*=\s*DMARC1\s*(?:;|$)/.test(text));
  const [text] = found;
  if (text === undefined) {
    return fail({ kind: "none", name, found: answer.value, reason: "there is no DMARC record" });
  }
  const wrong = (reason: string) => fail<NoDmarc>({ kind: "wrong", name, found, reason });
  if (found.length > 1) return wrong("there are several DMARC records, so receivers use none");
  const tags = readTags(text);
  const policy = policyOf(tags?.get(tag) ?? tags?.get("p") ?? "");
  if (!tags || !policy) return wrong("it has no valid p= tag");
  return ok({
    name,
    text,
    policy,
    dkim: tags.get("adkim")?.toLowerCase() === "s" ? "s" : "r",
    spf: tags.get("aspf")?.toLowerCase() === "s" ? "s" : "r",
    percent: percentOf(tags.get("pct")),
  });
}

function policyOf(text: string): Dmarc["policy"] | null {
  const lower = text.toLowerCase();
  return lower === "none" || lower === "quarantine" || lower === "reject" ? lower : null;
}

function percentOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Math.min(100, Number(text)) : 100;
}

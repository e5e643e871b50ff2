// The domain that a registrant has (RFC 7489 §3.2).
import { getDomain } from "tldts";

/** The organisational domain: `example.co.uk` of `mail.example.co.uk`. */
export function organisationalDomain(domain: string): string {
  return getDomain(domain, { allowPrivateDomains: true }) ?? domain;
}

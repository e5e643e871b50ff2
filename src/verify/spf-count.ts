// How many terms of a record ask DNS, all its includes and redirects counted (RFC 7208 §4.6.4): what a
// receiver may have to do at worst, whatever the client. Through a port to DNS.
import { findSpf, type Dns } from "./spf-find.ts";
import { MAX_LOOKUPS } from "./spf.ts";
import { parseSpf, type SpfRecord } from "./spf-record.ts";

/** Counting stops here: the limit is passed long before. */
const ENOUGH = 3 * MAX_LOOKUPS;

/** Terms that ask DNS; what cannot be read counts as itself. Never more than 30. */
export async function countLookups(dns: Dns, record: string): Promise<number> {
  const parsed = parseSpf(record);
  return parsed.ok ? countIn(dns, parsed.value, 0) : 0;
}

async function countIn(dns: Dns, record: SpfRecord, before: number): Promise<number> {
  let count = before;
  for (const mechanism of record.mechanisms) {
    if (mechanism.name === "all" || mechanism.name === "ip4" || mechanism.name === "ip6") continue;
    count += 1;
    if (mechanism.name === "include") count = await countOf(dns, mechanism.domain, count);
    if (count >= ENOUGH) return ENOUGH;
  }
  return record.redirect === null ? count : countOf(dns, record.redirect, count + 1);
}

/** A domain with macros depends on the client: only the term itself counts. */
async function countOf(dns: Dns, domain: string, before: number): Promise<number> {
  if (domain.includes("%") || before >= ENOUGH) return before;
  const found = await findSpf(dns, domain);
  return found.ok ? countIn(dns, found.value.record, before) : before;
}

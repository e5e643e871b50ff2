// The items of a domain's report but DKIM: SPF, DMARC, MX, and names of the servers' addresses.
import { parseClient, reverseName } from "./client.ts";
import { findDmarc } from "./dmarc.ts";
import { reportItem } from "./report-item.ts";
import type { ReportItem, ReportQuestion } from "./report.ts";
import { countLookups } from "./spf-count.ts";
import { type Dns, findSpf } from "./spf-find.ts";
import { mergeSpf, spfCovers } from "./spf-merge.ts";
import { MAX_LOOKUPS } from "./spf.ts";

/** One record, valid, within the limit, with an end that refuses others, and ours in it. */
export async function checkSpf(question: ReportQuestion, dns: Dns): Promise<ReportItem> {
  const { domain, mechanisms } = question;
  const found = await findSpf(dns, domain);
  if (!found.ok) {
    const { result, problem } = found.error;
    if (result === "temperror") return reportItem("spf", "unknown", [], problem);
    const advice = result === "none" ? `publish ${mergeSpf(null, mechanisms)}` : problem;
    return reportItem("spf", "fail", [], advice);
  }
  const { text, record } = found.value;
  const lookups = await countLookups(dns, text);
  if (lookups > MAX_LOOKUPS) {
    const advice = `the record asks DNS ${lookups} times; receivers stop at ${MAX_LOOKUPS}`;
    return reportItem("spf", "fail", [text], advice);
  }
  if (!spfCovers(text, mechanisms)) {
    return reportItem("spf", "fail", [text], `publish ${mergeSpf(text, mechanisms)}`);
  }
  const all = record.mechanisms.find(({ name }) => name === "all")?.qualifier;
  if (all === "+") {
    return reportItem("spf", "fail", [text], "+all lets everybody send; end with ~all or -all");
  }
  const open = record.redirect === null && (all === undefined || all === "?");
  return open
    ? reportItem("spf", "warn", [text], "the record refuses nobody; end with ~all or -all")
    : reportItem("spf", "pass", [text], "");
}

/** A policy, with reports; `p=none` protects nobody, but is what receivers ask of new senders. */
export async function checkDmarc({ domain }: ReportQuestion, dns: Dns): Promise<ReportItem> {
  const dmarc = await findDmarc(dns, domain);
  if (!dmarc.ok) {
    const { kind, found, reason, name } = dmarc.error;
    if (kind === "unknown") return reportItem("dmarc", "unknown", [], reason);
    return reportItem("dmarc", "fail", found, `${reason}: publish v=DMARC1; p=none at ${name}`);
  }
  const { text, policy } = dmarc.value;
  if (policy === "none") {
    const advice = "p=none only watches; go to p=quarantine when the reports look right";
    return reportItem("dmarc", "warn", [text], advice);
  }
  return reportItem("dmarc", "pass", [text], "");
}

/** Somebody can answer: receivers distrust senders that cannot be written to. */
export async function checkExchanges({ domain }: ReportQuestion, dns: Dns): Promise<ReportItem> {
  const answer = await dns(domain, "MX");
  if (!answer.ok) return reportItem("mx", "unknown", [], answer.error);
  const found = answer.value;
  if (found.length > 0 && !isNullMx(found)) return reportItem("mx", "pass", found, "");
  const advice = "nobody can answer mail of this domain; publish MX records";
  return reportItem("mx", "warn", found, advice);
}

/** RFC 7505. */
function isNullMx(exchanges: readonly string[]): boolean {
  return exchanges.length === 1 && /^0 ?\.?$/.test(exchanges[0] ?? "");
}

/** Servers of which the names are looked up. */
const MAX_SERVERS = 3;

/** The mail servers' addresses have names that lead back to them (RFC 8499 "forward-confirmed"). */
export async function checkReverse({ domain }: ReportQuestion, dns: Dns): Promise<ReportItem> {
  const exchanges = await dns(domain, "MX");
  if (!exchanges.ok) return reportItem("ptr", "unknown", [], exchanges.error);
  const hosts = exchanges.value.map((text) => text.slice(text.indexOf(" ") + 1)).filter(Boolean);
  const answers = await Promise.all(
    hosts.slice(0, MAX_SERVERS).map(async (host) => dns(host, "A")),
  );
  const addresses = answers.flatMap((answer) => (answer.ok ? answer.value.slice(0, 1) : []));
  if (addresses.length === 0) {
    return reportItem("ptr", "unknown", [], "the domain has no mail server with an address");
  }
  const names = await Promise.all(addresses.map((address) => confirmedName(dns, address)));
  const found = addresses.map((address, index) => `${address} ${names[index] ?? "no name"}`);
  const nameless = addresses.filter((_address, index) => names[index] === null);
  if (nameless.length === 0) return reportItem("ptr", "pass", found, "");
  const advice = `give ${nameless.join(", ")} a PTR record whose name leads back to it`;
  return reportItem("ptr", "warn", found, advice);
}

async function confirmedName(dns: Dns, address: string): Promise<string | null> {
  const names = await dns(reverseName(parseClient(address)), "PTR");
  const [name] = names.ok ? names.value : [];
  if (name === undefined) return null;
  const back = await dns(name, "A");
  return back.ok && back.value.includes(address) ? name : null;
}

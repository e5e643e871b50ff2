// Looks for the records of a sender domain and says of each what was found, what was expected and what
// to do. Asks DNS through a port.
import type { DnsRecord } from "../model/dns-record.ts";
import { readDkimRecord } from "./dkim-record.ts";
import { findDmarc } from "./dmarc.ts";
import type { Publishing, Wanted } from "./publishing.ts";
import { countLookups } from "./spf-count.ts";
import type { Dns } from "./spf-find.ts";
import { mergeSpf, spfCovers } from "./spf-merge.ts";
import { isSpf } from "./spf-record.ts";
import { MAX_LOOKUPS } from "./spf.ts";

type Judged = Pick<DnsRecord, "status" | "found" | "advice"> & { readonly value?: string };

/** The wanted records as they stand in DNS now; values are merged with what must stay. */
export function judgeRecords(
  dns: Dns,
  wanted: readonly Wanted[],
  { mechanisms, domain }: Pick<Publishing, "mechanisms" | "domain">,
): Promise<readonly DnsRecord[]> {
  return Promise.all(
    wanted.map(async (record) => ({
      ...record,
      ...(await judgeRecord(dns, record, { mechanisms, domain })),
    })),
  );
}

/** The wanted records before anybody looked. */
export function unchecked(wanted: readonly Wanted[]): readonly DnsRecord[] {
  return wanted.map((record) => ({
    ...record,
    status: "unchecked",
    found: [],
    advice: publish(record),
  }));
}

function judgeRecord(
  dns: Dns,
  wanted: Wanted,
  about: Pick<Publishing, "mechanisms" | "domain">,
): Promise<Judged> {
  switch (wanted.purpose) {
    case "spf":
    case "return_path_spf":
      return judgeSpf(dns, wanted, about.mechanisms);
    case "dkim":
      return judgeDkim(dns, wanted);
    case "dmarc":
      return judgeDmarc(dns, wanted, about.domain);
    case "return_path_mx":
      return judgeExchange(dns, wanted);
    case "tracking":
      return judgeTracking(dns, wanted);
  }
}

async function judgeSpf(dns: Dns, wanted: Wanted, mechanisms: readonly string[]): Promise<Judged> {
  const answer = await dns(wanted.name, "TXT");
  if (!answer.ok) return unknown(answer.error);
  const found = answer.value.filter(isSpf);
  const [existing = null] = found;
  if (found.length > 1) {
    const value = mergeSpf(found.reduce(joinSpf), mechanisms);
    const advice = `there are ${found.length} SPF records, which is an error: replace them by this one`;
    return { status: "wrong", found, value, advice };
  }
  const value = mergeSpf(existing, mechanisms);
  const lookups = await countLookups(dns, value);
  const tooMany = `it asks DNS ${lookups} times; receivers stop at ${MAX_LOOKUPS}: remove an include`;
  if (existing !== null && spfCovers(existing, mechanisms)) {
    return lookups > MAX_LOOKUPS
      ? { status: "wrong", found, value: existing, advice: tooMany }
      : { status: "ok", found, value: existing, advice: "" };
  }
  const advice =
    existing === null
      ? publish(wanted)
      : "replace the SPF record by this one, which keeps what it had";
  return {
    status: existing === null ? "missing" : "wrong",
    found,
    value,
    advice: lookups > MAX_LOOKUPS ? `${advice}; ${tooMany}` : advice,
  };
}

/** Two records as one: the terms of both, the end of the second. */
function joinSpf(first: string, second: string): string {
  const terms = first.split(" ").slice(1);
  return mergeSpf(
    second,
    terms.filter((term) => !/^(?:[-+~?]?all|redirect=.*|exp=.*|)$/i.test(term)),
  );
}

async function judgeDkim(dns: Dns, wanted: Wanted): Promise<Judged> {
  const answer = await dns(wanted.name, "TXT");
  if (!answer.ok) return unknown(answer.error);
  const found = answer.value;
  if (found.length === 0) return { status: "missing", found, advice: publish(wanted) };
  const expected = readDkimRecord(wanted.value);
  const same = found.some((text) => {
    const record = readDkimRecord(text);
    return (
      record.kind === "key" &&
      expected.kind === "key" &&
      record.publicKey === expected.publicKey &&
      record.type === expected.type
    );
  });
  if (same && found.length === 1) return { status: "ok", found, advice: "" };
  const advice = same
    ? "there are several records here: remove the others"
    : "another key stands here: replace it by this value, whole";
  return { status: "wrong", found, advice };
}

async function judgeDmarc(dns: Dns, wanted: Wanted, domain: string): Promise<Judged> {
  const dmarc = await findDmarc(dns, domain);
  if (dmarc.ok) {
    const { name, text } = dmarc.value;
    const value = name === wanted.name ? text : wanted.value;
    return { status: "ok", found: [text], value, advice: "" };
  }
  const { kind, found, reason, name } = dmarc.error;
  switch (kind) {
    case "unknown":
      return unknown(reason);
    case "none":
      return { status: "missing", found, advice: publish(wanted) };
    case "wrong":
      return {
        status: "wrong",
        found,
        advice: `${reason} (${name}): publish this one in its place`,
      };
  }
}

async function judgeExchange(dns: Dns, wanted: Wanted): Promise<Judged> {
  const answer = await dns(wanted.name, "MX");
  if (!answer.ok) return unknown(answer.error);
  const found = answer.value;
  const host = wanted.value.slice(wanted.value.indexOf(" ") + 1).toLowerCase();
  // Any preference will do.
  const there = found.some((one) => one.toLowerCase().endsWith(` ${host}`));
  if (there) return { status: "ok", found, advice: "" };
  return { status: "missing", found, advice: publish(wanted) };
}

/** A proxied name shows the addresses of its target in place of the CNAME. */
async function judgeTracking(dns: Dns, wanted: Wanted): Promise<Judged> {
  const [alias, own, target] = await Promise.all([
    dns(wanted.name, "CNAME"),
    dns(wanted.name, "A"),
    dns(wanted.value, "A"),
  ]);
  if (!alias.ok) return unknown(alias.error);
  if (alias.value.some((name) => name.toLowerCase() === wanted.value.toLowerCase())) {
    return { status: "ok", found: alias.value, advice: "" };
  }
  if (!own.ok) return unknown(own.error);
  const found = alias.value.length > 0 ? alias.value : own.value;
  if (found.length === 0) return { status: "missing", found, advice: publish(wanted) };
  if (!target.ok) return unknown(target.error);
  const same = own.value.some((address) => target.value.includes(address));
  return same
    ? { status: "ok", found, advice: "" }
    : { status: "wrong", found, advice: publish(wanted) };
}

function unknown(reason: string): Judged {
  return { status: "unknown", found: [], advice: `${reason}; it is looked for again soon` };
}

function publish({ type, name }: Wanted): string {
  return `publish this ${type} record at ${name}`;
}

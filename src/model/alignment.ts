// What DNS showed of a sender domain, as its rules read it: which records are known to be wrong, and whether
// From is aligned (RFC 7489 §3.1) with a signature or with the return path. Pure.
import type { Signature } from "./compliance.ts";
import type { RecordPurpose, RecordStatus } from "./dns-record.ts";
import { organisationalDomain } from "./organisational-domain.ts";
import type { Published } from "./sender-domain.ts";
import { readTags } from "./tag-list.ts";

/** Seen not to be as it should; what nobody saw is not known to be wrong. */
export function isKnownWrong(status: RecordStatus | null): boolean {
  return status === "missing" || status === "wrong";
}

/** How the records of a purpose were found. */
export function statusesOf(
  { records }: Published,
  purpose: RecordPurpose,
): readonly RecordStatus[] {
  return (records ?? []).filter((one) => one.purpose === purpose).map(({ status }) => status);
}

/** How the SPF records were found that receivers ask for: From's, and that of the return path in use. */
export function spfStatuses(published: Published): readonly RecordStatus[] {
  const back = published.bounceDomain === null ? [] : statusesOf(published, "return_path_spf");
  return [...statusesOf(published, "spf"), ...back];
}

/** How the record of a signature's key was found; null when it is none that Edgepost looks for. */
export function keyStatus({ keyName }: Signature, { records }: Published): RecordStatus | null {
  return records?.find(({ name }) => name.toLowerCase() === keyName)?.status ?? null;
}

/** Whether a signature that may be valid, or SPF of the return path, speaks for the domain of From. */
export function isAligned(
  { signatures, published }: { signatures: readonly Signature[]; published: Published },
  from: string,
): boolean {
  const record = published.records?.find(({ purpose }) => purpose === "dmarc")?.found[0];
  const tags = readTags(record ?? "");
  const strict = (tag: string) => tags?.get(tag)?.toLowerCase() === "s";
  const signed = signatures.filter((one) => !isKnownWrong(keyStatus(one, published)));
  if (signed.some(({ domain }) => matches(domain, from, strict("adkim")))) return true;
  const { bounceDomain } = published;
  const spf = statusesOf(published, bounceDomain === null ? "spf" : "return_path_spf");
  return !spf.some(isKnownWrong) && matches(bounceDomain ?? from, from, strict("aspf"));
}

function matches(domain: string, from: string, strict: boolean): boolean {
  if (domain === from) return true;
  return !strict && organisationalDomain(domain) === organisationalDomain(from);
}

// Finds the one SPF record of a domain (RFC 7208 §4.3 to §4.5), through a port to DNS.
import type { DnsAnswer, RecordType } from "../lib/doh.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { parseDomain } from "../model/address.ts";
import { isSpf, parseSpf, type SpfRecord } from "./spf-record.ts";

/** Looks records up (lib/doh.ts says in which form). */
export type Dns = (name: string, type: RecordType) => Promise<DnsAnswer>;

/** Why an evaluation ends without an answer. */
export type Stop = {
  readonly result: "none" | "temperror" | "permerror";
  readonly problem: string;
};

/** The one SPF record of a domain (§4.4, §4.5). */
export async function findSpf(
  dns: Dns,
  domain: string,
): Promise<Result<{ readonly text: string; readonly record: SpfRecord }, Stop>> {
  if (!parseDomain(domain).ok) return fail({ result: "none", problem: `${domain} is no domain` });
  const answer = await dns(domain, "TXT");
  if (!answer.ok) return fail({ result: "temperror", problem: answer.error });
  const records = answer.value.filter(isSpf);
  const [text] = records;
  if (text === undefined) return fail({ result: "none", problem: `${domain} has no SPF record` });
  if (records.length > 1) {
    return fail({ result: "permerror", problem: `${domain} has ${records.length} SPF records` });
  }
  const record = parseSpf(text);
  return record.ok
    ? ok({ text, record: record.value })
    : fail({ result: "permerror", problem: record.error });
}

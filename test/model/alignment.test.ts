// Whether From is aligned (RFC 7489 §3.1) by what DNS showed last.
import { describe, expect, it } from "vitest";
import { isAligned } from "../../src/model/alignment.ts";
import type { DnsRecord, RecordPurpose, RecordStatus } from "../../src/model/dns-record.ts";

const FROM = "shop.example.co.uk";

function record(purpose: RecordPurpose, change: Partial<DnsRecord>): DnsRecord {
  const known = { value: "", required: true, status: "ok", found: [], advice: "" } as const;
  return { purpose, type: "TXT", name: FROM, ...known, ...change };
}

type Case = {
  readonly dmarc?: string;
  readonly signed?: string;
  readonly key?: RecordStatus;
  readonly back?: string;
  readonly spf?: RecordStatus;
};

function aligned({ dmarc = "v=DMARC1; p=none", signed, key, back, spf = "ok" }: Case): boolean {
  const keyName = `s._domainkey.${signed}`;
  const purpose = back === undefined ? "spf" : "return_path_spf";
  const records = [
    record("dmarc", { found: [dmarc] }),
    record(purpose, { status: spf }),
    ...(key === undefined ? [] : [record("dkim", { name: keyName, status: key })]),
  ];
  const signatures = signed === undefined ? [] : [{ domain: signed, keyName }];
  const published = { records, bounceDomain: back ?? null };
  return isAligned({ signatures, published }, FROM);
}

const NO_SPF = { spf: "missing" } as const;
const STRICT = "v=DMARC1; p=reject; adkim=S; aspf=s";

describe("From is", () => {
  it.each<[string, Case]>([
    ["its own domain's signature", { signed: FROM, ...NO_SPF }],
    ["its own domain's signature, strictly", { signed: FROM, dmarc: STRICT, ...NO_SPF }],
    ["a parent's signature", { signed: "example.co.uk", ...NO_SPF }],
    ["a sister's signature", { signed: "news.example.co.uk", key: "ok", ...NO_SPF }],
    ["a signature whose key nobody could look for", { signed: FROM, key: "unknown", ...NO_SPF }],
    ["SPF where From is the return path", { dmarc: STRICT }],
    ["SPF of a return path in it", { back: `bounce.${FROM}` }],
    ["SPF of which nobody knows", { spf: "unknown" }],
  ])("aligned by %s", (_name, given) => {
    expect(aligned(given)).toBe(true);
  });

  it.each<[string, Case]>([
    ["nothing", NO_SPF],
    ["a stranger's signature", { signed: "co.uk", ...NO_SPF }],
    ["a name that only ends alike", { signed: "evilexample.co.uk", ...NO_SPF }],
    [
      "a parent's signature where the record is strict",
      {
        signed: "example.co.uk",
        dmarc: STRICT,
        ...NO_SPF,
      },
    ],
    ["a return path below it where the record is strict", { back: `b.${FROM}`, dmarc: STRICT }],
    ["a return path elsewhere", { back: "bounce.example.com" }],
    ["a signature whose key is gone", { signed: FROM, key: "missing", ...NO_SPF }],
    ["a return path whose SPF is wrong", { back: `bounce.${FROM}`, spf: "wrong" }],
  ])("not aligned by %s", (_name, given) => {
    expect(aligned(given)).toBe(false);
  });
});

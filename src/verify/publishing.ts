// What a sender domain is to publish, before anybody looks into DNS. Pure.
import { type DkimKey, dkimRecord } from "../model/dkim-key.ts";
import type { DnsRecord } from "../model/dns-record.ts";

/** Everything that the records of a domain are made from. */
export type Publishing = {
  readonly domain: string;
  /** Domain of the return paths, such as `bounce.example.com`. */
  readonly returnDomain: string;
  /** Host of the links, such as `links.example.com`, and where it leads; null without PUBLIC_URL. */
  readonly tracking: { readonly host: string; readonly target: string } | null;
  /** SPF mechanisms of the relays, such as `include:amazonses.com`. */
  readonly mechanisms: readonly string[];
  /** Mail servers that take bounces, such as `route1.mx.cloudflare.net`, in their order. */
  readonly exchanges: readonly string[];
  readonly keys: readonly Pick<DkimKey, "selector" | "algorithm" | "publicKey" | "state">[];
};

/** A record that nobody looked for yet. */
export type Wanted = Pick<DnsRecord, "purpose" | "type" | "name" | "value" | "required">;

/** The preference of the first mail server; the next ones count from there. */
const FIRST_PREFERENCE = 10;

/** The records in the order in which people set them up. A domain may send when the TXT records stand. */
export function wantedRecords(publishing: Publishing): readonly Wanted[] {
  const { domain, returnDomain, tracking } = publishing;
  const spf = ["v=spf1", ...publishing.mechanisms, "~all"].join(" ");
  const txt = (purpose: Wanted["purpose"], name: string, value: string): Wanted => ({
    purpose,
    type: "TXT",
    name,
    value,
    required: true,
  });
  return [
    txt("spf", domain, spf),
    ...publishing.keys.map((key) =>
      txt("dkim", `${key.selector}._domainkey.${domain}`, dkimRecord(key)),
    ),
    txt("dmarc", `_dmarc.${domain}`, "v=DMARC1; p=none"),
    txt("return_path_spf", returnDomain, spf),
    ...publishing.exchanges.map((host, index): Wanted => {
      const value = `${FIRST_PREFERENCE * (index + 1)} ${host}`;
      return { purpose: "return_path_mx", type: "MX", name: returnDomain, value, required: false };
    }),
    ...(tracking === null
      ? []
      : [
          {
            purpose: "tracking",
            type: "CNAME",
            name: tracking.host,
            value: tracking.target,
            required: false,
          } as const,
        ]),
  ];
}

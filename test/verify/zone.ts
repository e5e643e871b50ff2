// A zone as a table, and a port to DNS that answers from it; it keeps what was asked.
import type { RecordType } from "../../src/lib/doh.ts";
import { fail, ok } from "../../src/lib/result.ts";
import type { Dns } from "../../src/verify/spf-find.ts";

/** Records by name and type; `fail` stands for a resolver that does not answer. */
export type Zone = Readonly<
  Record<string, Partial<Record<RecordType, readonly string[] | "fail">>>
>;

/** DNS of a zone. Names it does not hold have no records. */
export function dnsOf(zone: Zone): Dns & { readonly asked: string[] } {
  const asked: string[] = [];
  const dns: Dns = async (name, type) => {
    asked.push(`${name} ${type}`);
    const records = zone[name.toLowerCase()]?.[type] ?? [];
    return records === "fail" ? fail(`${name} could not be resolved: test`) : ok(records);
  };
  return Object.assign(dns, { asked });
}

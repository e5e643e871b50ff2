// A record that a sender domain should have in DNS, and what was found there.

/** What a record is for. */
export type RecordPurpose =
  | "spf"
  | "dkim"
  | "dmarc"
  | "return_path_mx"
  | "return_path_spf"
  | "tracking";

/** `unknown`: the resolver did not answer; `unchecked`: nobody asked yet. */
export type RecordStatus = "ok" | "missing" | "wrong" | "unknown" | "unchecked";

/** One record to publish. */
export type DnsRecord = {
  readonly purpose: RecordPurpose;
  readonly type: "TXT" | "MX" | "CNAME";
  /** The full name, without a dot at the end. */
  readonly name: string;
  /** What to publish, unquoted and unsplit; merged with what must stay. */
  readonly value: string;
  /** The domain may not send without it. */
  readonly required: boolean;
  readonly status: RecordStatus;
  /** What stands there now. */
  readonly found: readonly string[];
  /** What to do, "" when nothing is. */
  readonly advice: string;
};

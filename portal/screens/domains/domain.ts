// Sender domains, as /v1/domains answers them. Pure.

/** One DNS record that a domain needs, and what DNS has instead. */
export type DnsRecord = {
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly status: string;
  readonly purpose: string;
  readonly required: boolean;
  readonly found: readonly string[];
  readonly advice: string;
};

/** What each gate does with mail that breaks the rules for bulk senders. */
export const GATES = [
  ["off", "off: it goes, nobody looks"],
  ["warn", "warn: it goes, and the answer names the rules"],
  ["block", "block: it is refused where a rule is an error"],
] as const;

export type Domain = {
  readonly domain: string;
  readonly state: string;
  readonly default_sender: string | null;
  readonly default_name: string | null;
  readonly return_path_domain: string;
  readonly return_path_ready: boolean;
  readonly tracking_domain: string | null;
  readonly tracking_ready: boolean;
  readonly tracking: { readonly opens: boolean; readonly clicks: boolean };
  readonly ed25519: boolean;
  readonly gate: string;
  readonly dkim_rotation_asked_at: string | null;
  readonly created_at: string;
  readonly checked_at: string | null;
  readonly next_check_at: string | null;
  readonly records: readonly DnsRecord[];
};

/** What receivers will think of a domain. */
export type Report = {
  /** 0 to 100; null when nothing could be looked at. */
  readonly score: number | null;
  readonly fix_first: readonly string[];
  readonly checks: readonly {
    readonly check: string;
    readonly status: string;
    readonly points: number;
    readonly of: number;
    readonly found: readonly string[];
    readonly advice: string;
  }[];
};

/** A From name that may send AMP parts, at a provider; `*`: any, all. */
export type Approval = {
  readonly from_name: string;
  readonly provider: string;
  readonly created_at: string;
};

/** The query that names an approval. */
export function approvalQuery({ from_name, provider }: Approval): string {
  return new URLSearchParams({ from_name, provider }).toString();
}

/** How many of the records that it needs a domain has: `3 of 5`. */
export function progressOf({ records }: Pick<Domain, "records">): string {
  const needed = records.filter(({ required }) => required);
  const there = needed.filter(({ status }) => status === "ok");
  return `${there.length} of ${needed.length}`;
}

/** The fields of a domain's settings. */
export type SettingsFields = {
  readonly sender: string;
  readonly name: string;
  readonly returnPath: string;
  readonly trackingDomain: string;
  readonly gate: string;
  readonly opens: boolean;
  readonly clicks: boolean;
};

/** What a change of the settings sends: nothing for a name is null; a host that stays is not sent. */
export function changeOf(
  fields: SettingsFields,
  before: Pick<Domain, "return_path_domain" | "tracking_domain">,
) {
  const returnPath = fields.returnPath.trim();
  const trackingDomain = fields.trackingDomain.trim() || null;
  return {
    ...(returnPath !== before.return_path_domain && { return_path_domain: returnPath }),
    ...(trackingDomain !== before.tracking_domain && { tracking_domain: trackingDomain }),
    default_sender: fields.sender.trim() || null,
    default_name: fields.name.trim() || null,
    gate: fields.gate,
    tracking: { opens: fields.opens, clicks: fields.clicks },
  };
}

// What the mail of one list and one send id came to: until there are campaigns, that is one (contract 3.5).
// Counts are kept after the mail is purged. Pure.
import { type BounceCode, type BounceType, bounceType } from "./bounce.ts";
import type { MailClass } from "./message.ts";
import type { Tuple } from "./stats-rollup.ts";

/** Every counter, in the order they are stored; new ones go to the end. Names are those of contract 3.5. */
export const CAMPAIGN_COUNTERS = [
  /** Recipients who were sent a message of that form; suppressed ones are none. */
  "sent_text",
  "sent_html",
  "sent_multipart",
  "total_success",
  "total_failure",
  "total_failure_toolong",
  "bounces_total",
  /** The first bounce of each delivery, under the worst that it had. */
  "bounces_unique_hard",
  "bounces_unique_soft",
  "bounces_unique_other",
  "bounces_unique_local",
  "bounces_unique_remote",
  "bounces_status_updated",
  /** By people. */
  "clicks_total",
  "clicks_unique",
  "clicks_unique_by_link",
  "opens_total",
  "opens_unique",
  /** One of each delivery, and each suppresses the address. */
  "scomps",
  /** One of each address. */
  "unsubs",
] as const;
export type CampaignCounter = (typeof CAMPAIGN_COUNTERS)[number];

/** Counts of a campaign: by counter, in the order of CAMPAIGN_COUNTERS, and unique bounces by code. */
export type CampaignCounts = {
  readonly counts: Tuple;
  readonly codes: Readonly<Record<string, number>>;
};

export const NO_COUNTS: CampaignCounts = { counts: [], codes: {} };

/** A campaign as mail names it. */
export type CampaignName = {
  /** `listid` as it was sent. */
  readonly listId: string;
  readonly sendId: string;
};

/** What comes to a campaign. */
export type CampaignChange = CampaignName & {
  /** The first accept known of it, epoch milliseconds. */
  readonly startedAt: number;
  readonly added: CampaignCounts;
};

/**
 * What counts as a first of its delivery, and does not if the recipient did it with another mail of the campaign
 * before: unique counts are of recipients.
 */
export type CampaignFirst = CampaignName & {
  readonly messageId: string;
  readonly email: string;
  readonly kind: "open" | "click" | "bounce";
  /** Epoch milliseconds. */
  readonly at: number;
  /** What it added to the campaign's unique counts. */
  readonly added: CampaignCounts;
};

/** The changes without what was no recipient's first after all. */
export function withoutRepeated(
  changes: readonly CampaignChange[],
  repeated: readonly CampaignFirst[],
): readonly CampaignChange[] {
  if (repeated.length === 0) return changes;
  return changes.map((change) => {
    const { listId, sendId, added } = change;
    const own = repeated.filter((one) => one.listId === listId && one.sendId === sendId);
    return { ...change, added: sumCounts([added, ...own.map((one) => negated(one.added))]) };
  });
}

function negated({ counts, codes }: CampaignCounts): CampaignCounts {
  return {
    counts: counts.map((n) => -n),
    codes: Object.fromEntries(Object.entries(codes).map(([code, n]) => [code, -n])),
  };
}

/** Whether mail has a list: without one its mail class stands in `listid`. */
export function hasList(listId: string, mailClass: MailClass | undefined): boolean {
  return listId !== "" && listId !== (mailClass ?? "");
}

/** How a delivery's bounces count: once, as the worst of them. */
export type CountedBounce = { readonly code: BounceCode; readonly local: boolean };

const SEVERITY: Readonly<Record<BounceType, number>> = { o: 0, s: 1, h: 2 };

/** What counts of two bounces: the worse, or the first of equals. */
export function worseBounce(before: CountedBounce | null, next: CountedBounce): CountedBounce {
  if (before === null) return next;
  return SEVERITY[bounceType(next.code)] > SEVERITY[bounceType(before.code)] ? next : before;
}

/** Counts together; may be less than before: what was counted worse is taken back where it was. */
export function sumCounts(all: readonly CampaignCounts[]): CampaignCounts {
  const codes: Record<string, number> = {};
  for (const one of all) {
    for (const [code, n] of Object.entries(one.codes)) codes[code] = (codes[code] ?? 0) + n;
  }
  const counts = CAMPAIGN_COUNTERS.map((_, index) =>
    all.reduce((sum, one) => sum + (one.counts[index] ?? 0), 0),
  );
  return {
    counts,
    codes: Object.fromEntries(Object.entries(codes).filter(([, n]) => n !== 0)),
  };
}

/** Counts by counter. */
export function countsByName({
  counts,
}: CampaignCounts): Readonly<Record<CampaignCounter, number>> {
  const entries = CAMPAIGN_COUNTERS.map((name, index) => [name, counts[index] ?? 0] as const);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every counter is among the entries
  return Object.fromEntries(entries) as Record<CampaignCounter, number>;
}

/** A share; nothing of nothing is 0. */
function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** `aggregated_campaign_statistics` of contract 3.5: all 57 keys in the order of the documented example. */
export function campaignStatistics(of: CampaignCounts) {
  const n = countsByName(of);
  const sent = n.sent_text + n.sent_html + n.sent_multipart;
  const bounces = n.bounces_unique_hard + n.bounces_unique_soft + n.bounces_unique_other;
  const accepted = n.total_success;
  const inQueue = sent - n.total_success - n.total_failure - n.total_failure_toolong;
  return {
    sent_text: n.sent_text,
    sent_html: n.sent_html,
    sent_multipart: n.sent_multipart,
    bounces_total: n.bounces_total,
    bounces_unique: bounces,
    bounces_unique_hard: n.bounces_unique_hard,
    bounces_unique_soft: n.bounces_unique_soft,
    bounces_unique_other: n.bounces_unique_other,
    bounces_unique_local: n.bounces_unique_local,
    bounces_unique_remote: n.bounces_unique_remote,
    clicks_total: n.clicks_total,
    clicks_unique: n.clicks_unique,
    clicks_unique_by_link: n.clicks_unique_by_link,
    opens_total: n.opens_total,
    opens_unique: n.opens_unique,
    scomps_total: n.scomps,
    scomps_unique: n.scomps,
    scomps_status_updated: n.scomps,
    unsubs_total: n.unsubs,
    unsubs_unique: n.unsubs,
    unsubs_status_updated: n.unsubs,
    bounces_status_updated: n.bounces_status_updated,
    total_messages: sent,
    total_success: n.total_success,
    total_failure: n.total_failure,
    total_failure_toolong: n.total_failure_toolong,
    // Special sending rules do not exist here.
    skips_error: 0,
    skips_request: 0,
    bounces_unique_by_code: of.codes,
    messages_sent: sent,
    messages_html: n.sent_html + n.sent_multipart,
    messages_text: n.sent_text,
    accepted,
    accepted_rate: rate(accepted, sent),
    in_queue: inQueue,
    in_queue_rate: rate(inQueue, sent),
    max_unique_activities: Math.max(n.opens_unique, n.clicks_unique, n.unsubs, n.scomps),
    open_rate: rate(n.opens_unique, accepted),
    open_ratio: rate(n.opens_total, n.opens_unique),
    unopened: accepted - n.opens_unique,
    duplicate_opens: n.opens_total - n.opens_unique,
    duplicate_clicks: n.clicks_total - n.clicks_unique,
    click_rate: rate(n.clicks_unique, accepted),
    click_to_open_rate: rate(n.clicks_unique, n.opens_unique),
    unclicked: accepted - n.clicks_unique,
    bounced: bounces,
    duplicate_bounces: n.bounces_total - bounces,
    unbounced: sent - bounces,
    bounce_rate: rate(bounces, sent),
    bounce_rate_hard: rate(n.bounces_unique_hard, bounces),
    bounce_rate_soft: rate(n.bounces_unique_soft, bounces),
    bounce_rate_other: rate(n.bounces_unique_other, bounces),
    bounce_local_rate: rate(n.bounces_unique_local, bounces),
    duplicate_scomps: 0,
    scomp_rate: rate(n.scomps, accepted),
    duplicate_unsubs: 0,
    unsub_rate: rate(n.unsubs, accepted),
  };
}

// From accepted recipients and the event log's entries to what changes in campaigns of lists (contract 3.5).
// Mail without a list passes by. Pure but for the tally itself, which is filled by one run and then read once.
import { timeOfUuidv7 } from "../lib/id.ts";
import { bounceType, isBounceCode } from "../model/bounce.ts";
import type { ContentForm } from "../model/content.ts";
import { type DeliveryEvent, isEvent, type LogEntry } from "../model/event.ts";
import {
  CAMPAIGN_COUNTERS,
  type CampaignChange,
  type CampaignCounter,
  type CampaignName,
  type CountedBounce,
  hasList,
  worseBounce,
} from "../model/list-campaign.ts";
import type { AcceptedRow } from "../store/stats.ts";

/** Counts gathered by campaign. */
export type ListTally = {
  readonly accepted: (row: Pick<AcceptedRow, "accepted" | "suppressed" | "campaign">) => void;
  readonly entry: (entry: LogEntry) => void;
  readonly changes: () => readonly CampaignChange[];
};

type Sheet = CampaignName & {
  startedAt: number;
  readonly counts: number[];
  readonly codes: Record<string, number>;
};

/** An empty tally. */
export function newListTally(): ListTally {
  const sheets = new Map<string, Sheet>();

  function sheetOf({ listId, sendId }: CampaignName, startedAt: number): Sheet {
    const place = JSON.stringify([listId, sendId]);
    const counts = CAMPAIGN_COUNTERS.map(() => 0);
    const sheet = sheets.get(place) ?? { listId, sendId, startedAt, counts, codes: {} };
    sheet.startedAt = Math.min(sheet.startedAt, startedAt);
    sheets.set(place, sheet);
    return sheet;
  }

  return {
    accepted({ campaign, accepted, suppressed }) {
      // What a suppression stops at once was not sent, and starts nothing.
      if (campaign === null || accepted === suppressed) return;
      add(sheetOf(campaign, campaign.startedAt), sentAs(campaign.form), accepted - suppressed);
    },
    entry(entry) {
      if (entry.name === "stopped") return;
      if (!isEvent(entry)) {
        const { campaign } = entry;
        if (campaign) add(sheetOf(campaign, campaign.startedAt), sentAs(campaign.form), -1);
        return;
      }
      if (!hasList(entry.listId, entry.mailClass)) return;
      const counters = countersOf(entry);
      const bounces = bouncesOf(entry);
      if (counters.length === 0 && bounces === null) return;
      const sheet = sheetOf(entry, timeOfUuidv7(entry.messageId));
      for (const counter of counters) add(sheet, counter, 1);
      if (bounces) recount(sheet, bounces);
    },
    changes: () =>
      [...sheets.values()].map(({ counts, codes, ...campaign }) => ({
        ...campaign,
        added: { counts, codes },
      })),
  };
}

function add(sheet: Sheet, counter: CampaignCounter, n: number): void {
  const index = CAMPAIGN_COUNTERS.indexOf(counter);
  sheet.counts[index] = (sheet.counts[index] ?? 0) + n;
}

function sentAs(form: ContentForm): CampaignCounter {
  return `sent_${form}`;
}

/** What an event counts as by itself. */
function countersOf(event: DeliveryEvent): readonly CampaignCounter[] {
  switch (event.name) {
    case "delivery_attempt":
      switch (event.status) {
        case "success":
          return ["total_success"];
        case "failure":
          return ["total_failure"];
        case "failure_toolong":
          return ["total_failure_toolong"];
        case "deferral":
          return [];
      }
    case "bounce_all":
      return ["bounces_total"];
    case "bounce_bad_address":
      return ["bounces_status_updated"];
    case "open":
      if (event.machine) return [];
      return ["opens_total", ...(event.first ? (["opens_unique"] as const) : [])];
    case "click":
      if (event.machine) return [];
      return [
        "clicks_total",
        ...(event.first ? (["clicks_unique"] as const) : []),
        ...(event.firstOfLink ? (["clicks_unique_by_link"] as const) : []),
      ];
    case "unsubscribe":
      return ["unsubs"];
    case "spam_complaint":
      return ["scomps"];
  }
}

/** How a delivery counted before a bounce, and counts now. */
type Bounces = { readonly before: CountedBounce | null; readonly now: CountedBounce };

function bouncesOf(event: DeliveryEvent): Bounces | null {
  if (event.name !== "bounce_all" || !isBounceCode(event.bounceCode)) return null;
  const before = event.reported?.before ?? null;
  const next = { code: event.bounceCode, local: event.reported === undefined };
  return { before, now: worseBounce(before, next) };
}

function recount(sheet: Sheet, { before, now }: Bounces): void {
  if (before !== null) countBounce(sheet, before, -1);
  countBounce(sheet, now, 1);
}

const UNIQUE = {
  h: "bounces_unique_hard",
  s: "bounces_unique_soft",
  o: "bounces_unique_other",
} as const;

function countBounce(sheet: Sheet, { code, local }: CountedBounce, n: number): void {
  add(sheet, UNIQUE[bounceType(code)], n);
  add(sheet, local ? "bounces_unique_local" : "bounces_unique_remote", n);
  sheet.codes[code] = (sheet.codes[code] ?? 0) + n;
}

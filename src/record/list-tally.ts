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
  type CampaignCounts,
  type CampaignFirst,
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
  /** Those among the changes that count only if they are their recipient's first. */
  readonly firsts: () => readonly CampaignFirst[];
};

type Counting = { readonly counts: number[]; readonly codes: Record<string, number> };
type Sheet = CampaignName & Counting & { startedAt: number };

/** An empty tally. */
export function newListTally(): ListTally {
  const sheets = new Map<string, Sheet>();
  const firsts: CampaignFirst[] = [];

  function sheetOf({ listId, sendId }: CampaignName, startedAt: number): Sheet {
    const place = JSON.stringify([listId, sendId]);
    const sheet = sheets.get(place) ?? { listId, sendId, startedAt, ...emptySheet() };
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
      const unique = uniqueOf(entry);
      if (counters.length === 0) return;
      const sheet = sheetOf(entry, timeOfUuidv7(entry.messageId));
      for (const counter of counters) add(sheet, counter, 1);
      if (unique === null) return;
      addAll(sheet, unique.added);
      const { listId, sendId, messageId, email, at } = entry;
      firsts.push({ listId, sendId, messageId, email, at, ...unique });
    },
    firsts: () => firsts,
    changes: () =>
      [...sheets.values()].map(({ counts, codes, ...campaign }) => ({
        ...campaign,
        added: { counts, codes },
      })),
  };
}

function add(sheet: Counting, counter: CampaignCounter, n: number): void {
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
        case "connmaxout":
          return [];
      }
    case "bounce_all":
      return ["bounces_total"];
    case "bounce_bad_address":
      return ["bounces_status_updated"];
    case "open":
      if (event.machine) return [];
      return ["opens_total"];
    case "click":
      if (event.machine) return [];
      return ["clicks_total", ...(event.firstOfLink ? (["clicks_unique_by_link"] as const) : [])];
    case "unsubscribe":
      return ["unsubs"];
    case "spam_complaint":
      return ["scomps"];
  }
}

type Unique = Pick<CampaignFirst, "kind" | "added">;

/** What an event adds to unique counts, if nothing of the kind was before. */
function uniqueOf(event: DeliveryEvent): Unique | null {
  switch (event.name) {
    case "open":
      return event.first ? { kind: "open", added: one("opens_unique") } : null;
    case "click":
      return event.first ? { kind: "click", added: one("clicks_unique") } : null;
    case "bounce_all":
      return bounceOf(event.bounceCode, event.reported);
    case "bounce_bad_address":
    case "delivery_attempt":
    case "unsubscribe":
    case "spam_complaint":
      return null;
  }
}

type Reported = { readonly before: CountedBounce | null };

/** A delivery counts once as bounced: a worse bounce takes the place of the one before. */
function bounceOf(bounceCode: number, reported: Reported | undefined): Unique | null {
  if (!isBounceCode(bounceCode)) return null;
  const before = reported?.before ?? null;
  const now = worseBounce(before, { code: bounceCode, local: reported === undefined });
  const sheet = emptySheet();
  if (before !== null) countBounce(sheet, before, -1);
  countBounce(sheet, now, 1);
  return { kind: "bounce", added: sheet };
}

const UNIQUE = {
  h: "bounces_unique_hard",
  s: "bounces_unique_soft",
  o: "bounces_unique_other",
} as const;

function countBounce(sheet: Counting, { code, local }: CountedBounce, n: number): void {
  add(sheet, UNIQUE[bounceType(code)], n);
  add(sheet, local ? "bounces_unique_local" : "bounces_unique_remote", n);
  sheet.codes[code] = (sheet.codes[code] ?? 0) + n;
}

function one(counter: CampaignCounter): CampaignCounts {
  const sheet = emptySheet();
  add(sheet, counter, 1);
  return sheet;
}

function emptySheet(): Counting {
  return { counts: CAMPAIGN_COUNTERS.map(() => 0), codes: {} };
}

function addAll(sheet: Counting, { counts, codes }: CampaignCounts): void {
  counts.forEach((n, index) => {
    sheet.counts[index] = (sheet.counts[index] ?? 0) + n;
  });
  for (const [code, n] of Object.entries(codes)) sheet.codes[code] = (sheet.codes[code] ?? 0) + n;
}

// What a campaign's counts come to on the wire (contract 3.5), for the documented example and for any counts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import document from "../seeds/mailing-lists.json";
import {
  CAMPAIGN_COUNTERS,
  campaignStatistics,
  type CampaignCounter,
  type CampaignCounts,
  countsByName,
  hasList,
  NO_COUNTS,
  sumCounts,
  worseBounce,
} from "../../src/model/list-campaign.ts";

function counts(
  named: Partial<Record<CampaignCounter, number>>,
  codes: Readonly<Record<string, number>> = {},
): CampaignCounts {
  return { counts: CAMPAIGN_COUNTERS.map((name) => named[name] ?? 0), codes };
}

describe("campaign statistics", () => {
  it("are the documented example for five accepted HTML mails (A-118)", () => {
    const five = campaignStatistics(counts({ sent_html: 5, total_success: 5 }));
    expect(JSON.stringify(five)).toBe(JSON.stringify(document.statistics.data));
    expect(Object.keys(five)).toHaveLength(57);
  });

  it("divide by nothing as 0", () => {
    const values: unknown[] = Object.values(campaignStatistics(NO_COUNTS));
    expect(new Set(values.filter((value) => typeof value !== "object"))).toEqual(new Set([0]));
  });

  it("tell one who opened three times of two (A-121)", () => {
    const opened = { sent_html: 2, total_success: 2, opens_total: 3, opens_unique: 1 };
    expect(campaignStatistics(counts(opened))).toMatchObject({
      opens_total: 3,
      opens_unique: 1,
      duplicate_opens: 2,
      unopened: 1,
      open_rate: 0.5,
      open_ratio: 3,
      max_unique_activities: 1,
    });
  });

  it.each([
    ["accepted_rate", 0.6],
    ["in_queue", 2],
    ["in_queue_rate", 0.2],
    ["messages_html", 9],
    ["click_rate", 0.5],
    ["click_to_open_rate", 0.75],
    ["bounce_rate", 0.4],
    ["bounce_rate_hard", 0.25],
    ["bounce_rate_soft", 0.5],
    ["bounce_rate_other", 0.25],
    ["bounce_local_rate", 0.75],
    ["duplicate_bounces", 1],
    ["unbounced", 6],
    ["scomp_rate", 1 / 6],
    ["unsub_rate", 2 / 6],
  ] as const)("tell %s of a mixed campaign", (key, value) => {
    const mixed = counts({
      sent_text: 1,
      sent_html: 4,
      sent_multipart: 5,
      total_success: 6,
      total_failure: 1,
      total_failure_toolong: 1,
      bounces_total: 5,
      bounces_unique_hard: 1,
      bounces_unique_soft: 2,
      bounces_unique_other: 1,
      bounces_unique_local: 3,
      bounces_unique_remote: 1,
      opens_total: 9,
      opens_unique: 4,
      clicks_total: 4,
      clicks_unique: 3,
      clicks_unique_by_link: 3,
      scomps: 1,
      unsubs: 2,
    });
    expect(campaignStatistics(mixed)[key]).toBe(value);
  });
});

const anyCounts = fc.record({
  counts: fc.array(fc.nat(1_000_000), {
    minLength: CAMPAIGN_COUNTERS.length,
    maxLength: CAMPAIGN_COUNTERS.length,
  }),
  codes: fc.dictionary(fc.constantFrom("10", "22", "40", "60"), fc.integer({ min: 1, max: 99 })),
});

describe("sums of campaigns", () => {
  it("are the sums of their counters, and rates follow from the sums", () => {
    fc.assert(
      fc.property(fc.array(anyCounts, { maxLength: 5 }), (all) => {
        const sum = countsByName(sumCounts(all));
        for (const name of CAMPAIGN_COUNTERS) {
          expect(sum[name]).toBe(all.reduce((n, one) => n + countsByName(one)[name], 0));
        }
        const { open_rate: rate } = campaignStatistics(sumCounts(all));
        expect(rate).toBe(sum.total_success === 0 ? 0 : sum.opens_unique / sum.total_success);
      }),
    );
  });

  it("forget a code of which nothing is left", () => {
    expect(sumCounts([counts({}, { 60: 1 }), counts({}, { 60: -1, 10: 1 })]).codes).toEqual({
      10: 1,
    });
  });
});

it("mail has a list unless its class stands in its place", () => {
  expect(hasList("marketing", "marketing")).toBe(false);
  expect(hasList("", undefined)).toBe(false);
  expect(hasList("news", "marketing")).toBe(true);
  expect(hasList("marketing", "transactional")).toBe(true);
});

it.each([
  [null, 60, 60],
  [60, 10, 10],
  [10, 22, 10],
  [22, 10, 10],
  [22, 40, 22],
  [70, 60, 70],
] as const)("of bounces %s and then %s counts %s", (before, next, counted) => {
  const first = before === null ? null : { code: before, local: false };
  expect(worseBounce(first, { code: next, local: false }).code).toBe(counted);
});

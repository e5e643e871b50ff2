// What a list may be set to (contract 3.2…3.4; ).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_SETTINGS,
  keptSettings,
  type ListAnalytics,
  type ListSettings,
  listSettings,
  parsePercentage,
  settingsFault,
} from "../../src/model/list-settings.ts";

describe("a percentage", () => {
  it.each([
    [10, "10.0"],
    [10.5, "10.5"],
    ["10.25", "10.25"],
    ["12.34", "12.34"],
    ["25.0", "25.0"],
    ["25.50", "25.5"],
    [94.85, "94.85"],
    [100, "100.0"],
    ["0.01", "0.01"],
    ["007", "7.0"],
  ])("%j is kept as %j", (given, kept) => {
    expect(parsePercentage(given)).toEqual({ ok: true, value: kept });
  });

  it.each([
    94.85000000000001,
    "1.234",
    "1.000",
    0,
    101,
    100.01,
    -1,
    "abc",
    "",
    " 1",
    "1e1",
    "1,5",
    Number.NaN,
    1e-7,
  ])("%j is refused", (given) => {
    expect(parsePercentage(given).ok).toBe(false);
  });

  it("of at most two decimals is the same number again; read twice it stays", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (hundredths) => {
        for (const given of [hundredths / 100, (hundredths / 100).toFixed(2)]) {
          const once = parsePercentage(given);
          expect(once.ok && Number(once.value)).toBe(hundredths / 100);
          expect(once.ok && once.value).toMatch(/^\d+\.\d{1,2}$/);
          expect(once.ok && parsePercentage(once.value)).toEqual(once);
        }
      }),
    );
  });
});

const WINNER = {
  d_autowinner_enabled: true,
  d_autowinner_percentage: "10.0",
  d_autowinner_delay_amount: 15,
  d_autowinner_metric: "opens_unique",
} as const;
const ANALYTICS: ListAnalytics = {
  tracking_id: "UA-123456789-11",
  source: "newsletter",
  restrict_to_domain_list: true,
  domain_list: ["example.com", "example.com"],
};
const tags = (change: Partial<ListAnalytics>) => ({
  google_analytics: { ...ANALYTICS, ...change },
});

function faultOf(change: Partial<ListSettings>) {
  const fault = settingsFault({ ...DEFAULT_SETTINGS, ...change });
  return fault?.kind === "invalid_field" ? fault.path : fault;
}

describe("settings", () => {
  it.each<Partial<ListSettings>>([
    {},
    WINNER,
    { custom_headers_enabled: true, custom_headers: "X-Foo: bar\n" },
    { custom_headers: "X-Foo: bar" },
    tags({}),
    tags({ tracking_id: "G-ABC123", restrict_to_domain_list: false, domain_list: [] }),
  ])("fit together: %j", (change) => {
    expect(faultOf(change)).toBeNull();
  });

  it.each<readonly [string, Partial<ListSettings>]>([
    ["d_autowinner_percentage", { ...WINNER, d_autowinner_percentage: null }],
    ["d_autowinner_delay_amount", { ...WINNER, d_autowinner_delay_amount: null }],
    ["d_autowinner_delay_amount", { ...WINNER, d_autowinner_delay_amount: 0 }],
    ["d_autowinner_metric", { ...WINNER, d_autowinner_metric: null }],
    ["custom_headers", { custom_headers_enabled: true }],
    ["custom_headers", { custom_headers_enabled: true, custom_headers: "\n" }],
    ["custom_headers", { custom_headers: "Subject: x" }],
    ["google_analytics.tracking_id", tags({ tracking_id: "" })],
    ["google_analytics.tracking_id", tags({ tracking_id: "UA-x" })],
    ["google_analytics.source", tags({ source: " " })],
    ["google_analytics.source", tags({ source: "s".repeat(256) })],
    ["google_analytics.domain_list", tags({ domain_list: [] })],
    ["google_analytics.domain_list", tags({ domain_list: ["https://example.com/"] })],
  ])("with a wrong %s do not: %j", (path, change) => {
    expect(faultOf(change)).toBe(path);
  });

  it("are kept as what differs from the defaults, and read back whole", () => {
    expect(keptSettings(DEFAULT_SETTINGS)).toEqual({});
    const set = { ...DEFAULT_SETTINGS, ...WINNER, ...tags({}) };
    expect(Object.keys(keptSettings(set))).toEqual([...Object.keys(WINNER), "google_analytics"]);
    expect(listSettings(JSON.parse(JSON.stringify(keptSettings(set))))).toEqual(set);
  });
});

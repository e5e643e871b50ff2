// Which links get which tags (contract 3.4, A-114), judged by the platform's own URL parser.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type UtmTags, utmReader, withUtm } from "../../src/model/utm.ts";

const TAGS: UtmTags = {
  source: "newsletter",
  campaign: "july",
  domains: ["example.com"],
  subscribers: [7, null],
};
const ADDED =
  "utm_source=newsletter&utm_medium=email&utm_content=subscriber_id:7&utm_campaign=july";

describe("a link of a list's mail", () => {
  it.each([
    ["a bare one", "https://example.com", `https://example.com?${ADDED}`],
    ["one with a query", "https://example.com/?a=1", `https://example.com/?a=1&${ADDED}`],
    ["a query that is open", "https://example.com/?a=1&", `https://example.com/?a=1&${ADDED}`],
    ["an empty query", "https://example.com/?", `https://example.com/?${ADDED}`],
    ["a place in the page", "https://example.com/#a?b", `https://example.com/?${ADDED}#a?b`],
    ["a host below", "https://www.example.com/", `https://www.example.com/?${ADDED}`],
    ["capitals", "HTTPS://EXAMPLE.COM/A", `HTTPS://EXAMPLE.COM/A?${ADDED}`],
  ])("%s is tagged", (_what, target, tagged) => {
    expect(withUtm(target, TAGS, "7")).toBe(tagged);
  });

  it.each([
    ["another host", "https://other.com/"],
    ["a host that ends alike", "https://notexample.com/"],
    ["user information", "https://example.com@other.com/"],
    ["one that is too long already", `https://example.com/${"a".repeat(4_070)}`],
    [
      "one that has them all",
      "https://example.com/?utm_source=a&utm_medium=b&utm_content=c&utm_campaign=d",
    ],
  ])("%s stays as it is", (_what, target) => {
    expect(withUtm(target, TAGS, "7")).toBe(target);
  });

  it("keeps the tags that it has", () => {
    const tagged = withUtm("https://example.com/?utm_source=mine", TAGS, "7");
    const { searchParams } = new URL(tagged);
    expect(searchParams.getAll("utm_source")).toEqual(["mine"]);
    expect(searchParams.get("utm_campaign")).toBe("july");
  });

  it("stays the same URL otherwise, and its tags read as what was set", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.string({ minLength: 1, unit: "grapheme" }),
        (target, source, campaign) => {
          const url = new URL(withUtm(target, { ...TAGS, domains: null, source, campaign }, "x:1"));
          expect(url.searchParams.get("utm_source")).toBe(source);
          expect(url.searchParams.get("utm_campaign")).toBe(campaign);
          expect(url.searchParams.get("utm_content")).toBe("subscriber_id:x:1");
          const before = new URL(target);
          expect([url.origin, url.pathname, url.hash]).toEqual([
            before.origin,
            before.pathname,
            before.hash,
          ]);
          for (const name of ["source", "medium", "content", "campaign"]) {
            url.searchParams.delete(`utm_${name}`);
          }
          expect(String(url.searchParams)).toBe(String(before.searchParams));
        },
      ),
    );
  });
});

it("names the subscriber, or the delivery of who is none", () => {
  expect([0, 1, 2].map((position) => utmReader(TAGS, position, "id:1"))).toEqual([
    "7",
    "id:1",
    "id:1",
  ]);
});

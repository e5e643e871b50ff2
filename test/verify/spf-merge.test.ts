// Merging our relays into the SPF record that a domain has.
import { describe, expect, it } from "vitest";
import { mergeSpf, spfCovers } from "../../src/verify/spf-merge.ts";

const OURS = ["include:amazonses.com"];

describe("mergeSpf", () => {
  it.each([
    [null, "v=spf1 include:amazonses.com ~all"],
    ["v=spf1 -all", "v=spf1 include:amazonses.com -all"],
    [
      "v=spf1 mx include:_spf.google.com ~all",
      "v=spf1 mx include:_spf.google.com include:amazonses.com ~all",
    ],
    ["v=spf1  a   redirect=x.test", "v=spf1 a include:amazonses.com redirect=x.test"],
    ["v=spf1 a", "v=spf1 a include:amazonses.com"],
    ["v=spf1 INCLUDE:amazonses.com ?all", "v=spf1 INCLUDE:amazonses.com ?all"],
    ["v=spf1 +include:amazonses.com -all", "v=spf1 +include:amazonses.com -all"],
    // What stands behind all is never looked at.
    [
      "v=spf1 -all include:amazonses.com",
      "v=spf1 include:amazonses.com -all include:amazonses.com",
    ],
  ])("%s → %s", (existing, merged) => {
    expect(mergeSpf(existing, OURS)).toBe(merged);
    expect(spfCovers(merged, OURS)).toBe(true);
  });

  it("knows a record that lets everybody send, and one that does not name us", () => {
    expect(spfCovers("v=spf1 +all", OURS)).toBe(true);
    expect(spfCovers("v=spf1 include:other.test ~all", OURS)).toBe(false);
    expect(spfCovers("v=spf1 -include:amazonses.com ~all", OURS)).toBe(false);
  });
});

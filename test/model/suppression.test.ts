// Which suppressions stop which mail (C-26).
import { describe, expect, it } from "vitest";
import { MAIL_CLASSES } from "../../src/model/message.ts";
import { scopesThatStop, SUPPRESSION_SCOPES } from "../../src/model/suppression.ts";

describe("scopesThatStop", () => {
  it.each([
    ["global", true, true],
    ["bounce", true, true],
    ["complaint", true, true],
    ["unsubscribe", false, true],
    ["transactional", true, false],
  ] as const)("%s stops transactional mail: %s, marketing: %s", (scope, one, other) => {
    expect(scopesThatStop("transactional").includes(scope)).toBe(one);
    expect(scopesThatStop("marketing").includes(scope)).toBe(other);
  });

  it("leaves no scope without an effect", () => {
    const all = new Set(MAIL_CLASSES.flatMap(scopesThatStop));
    expect(all).toEqual(new Set(SUPPRESSION_SCOPES));
  });
});

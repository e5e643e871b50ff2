// The mark by which a vendor's event names a delivery: what vendors take, and nothing else reads as one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { isSecret, MARK_NAME, markOf, placeOfMark, VENDORS } from "../../src/model/intake.ts";

describe("a mark", () => {
  it("names its delivery again", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 44 }), fc.nat({ max: 99_999 }), (time, position) => {
        const messageId = uuidv7(time);
        expect(placeOfMark(markOf(messageId, position))).toEqual({ messageId, position });
      }),
    );
  });

  it("is within the limits of every vendor", () => {
    // SES: letters, digits, _ and -. Postmark: 20 characters of name, 80 of value.
    expect(MARK_NAME).toMatch(/^[A-Za-z0-9_-]{1,20}$/);
    expect(markOf(uuidv7(Date.now()), 99_999)).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
  });

  const id = "01a200ab-26c9-72b6-aed3-ef54aa8ec565";
  it.each([
    "",
    id,
    `${id}:0`,
    `${id}_`,
    `${id}_-1`,
    `${id}_01`,
    `${id}_100000`,
    `${id}_0 `,
    `${id.toUpperCase()}_0`,
    `01a200ab-26c9-42b6-aed3-ef54aa8ec565_0`,
    `x${id}_0`,
    "__proto__",
  ])("is not read from %j", (text) => {
    expect(placeOfMark(text)).toBeNull();
  });
});

describe("isSecret", () => {
  it("is true of what must not be shown", () => {
    expect(VENDORS.filter(isSecret)).toEqual(["mailgun", "postmark", "sparkpost", "greenarrow"]);
  });
});

// What follows from a message: the ids in its events.
import { describe, expect, it } from "vitest";
import { clickTrackingId, generatedSendId, MAIL_CLASSES } from "../../src/model/message.ts";

describe("clickTrackingId", () => {
  it("is the message id and the place of the recipient (C-22)", () => {
    expect(clickTrackingId("id", 0)).toBe("id:0");
    expect(clickTrackingId("id", 999)).toBe("id:999");
  });
});

describe("generatedSendId", () => {
  it.each([
    [Date.UTC(2026, 10, 21, 10), "transactional261121"],
    [Date.UTC(2026, 0, 1), "transactional260101"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), "transactional261231"],
  ])("is the mail class and the day in UTC (F-042): %i", (now, id) => {
    expect(generatedSendId("transactional", now)).toBe(id);
  });

  it("fits what a send id may be, for every class", () => {
    for (const mailClass of MAIL_CLASSES) {
      expect(generatedSendId(mailClass, 0)).toMatch(/^[a-z0-9_-]{1,100}$/);
    }
  });
});

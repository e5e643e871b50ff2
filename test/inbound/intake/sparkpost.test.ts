// What SparkPost's events mean.
import { describe, expect, it } from "vitest";
import { sparkPostEvents } from "../../../src/inbound/intake/sparkpost.ts";
import { markOf } from "../../../src/model/intake.ts";
import { type About, SAID_AT, sparkPostEvent } from "./payloads.ts";

const ABOUT: About = {
  email: "A@example.com",
  mark: markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 0),
};

function meaningOf(type: string, own: Record<string, unknown> = {}) {
  return sparkPostEvents([sparkPostEvent(ABOUT, type, own)])?.[0]?.meaning;
}

describe("an event of SparkPost", () => {
  it("names its delivery by metadata, by ids, by return path", () => {
    const own = {
      bounce_class: "10",
      error_code: "550",
      raw_reason: "550 5.1.1 No such user",
      reason: "550 ...",
    };
    expect(sparkPostEvents([sparkPostEvent(ABOUT, "bounce", own)])).toEqual([
      {
        name: "bounce",
        at: SAID_AT,
        meant: {
          mark: ABOUT.mark,
          replyIds: ["000443ee14578172be22", "65832150921904138"],
          messageId: null,
          returnPath: "sender@edgepost.test",
          addresses: ["A@example.com", "a@example.com"],
        },
        meaning: { kind: "bounce", code: 10, reply: "550 5.1.1 No such user", host: "" },
      },
    ]);
  });

  it.each([
    ["1", "550", "refused", 40],
    ["10", "550", "refused", 10],
    ["10", "550", "552 5.2.2 mailbox full", 22],
    ["20", "451", "", 20],
    ["21", "454", "refused", 21],
    ["22", "552", "", 22],
    ["24", "554", "no response", 29],
    ["25", "550", "administrative prohibition", 123],
    ["50", "550", "refused", 50],
    ["52", "554", "refused", 52],
    ["54", "550", "refused", 54],
    ["99", "550", "refused", 40],
  ])("of class %s, %s %j has code %i", (bounce_class, error_code, raw_reason, code) => {
    for (const type of ["bounce", "out_of_band"]) {
      const meaning = meaningOf(type, { bounce_class, error_code, raw_reason });
      expect(meaning).toMatchObject({ kind: "bounce", code });
    }
  });

  it.each([
    ["out_of_band", { bounce_class: "60" }, "auto_reply"],
    ["out_of_band", { bounce_class: "70" }, "delayed"],
    ["out_of_band", { bounce_class: "80" }, "ignored"],
    ["out_of_band", { bounce_class: "90" }, "unsubscribe"],
    ["out_of_band", { bounce_class: "100" }, "auto_reply"],
    ["policy_rejection", { raw_reason: "550 5.7.1 recipient blocked" }, "bounce"],
    ["generation_rejection", {}, "bounce"],
    ["delivery", { raw_reason: "" }, "received"],
    ["spam_complaint", { fbtype: "abuse", report_by: "isp.example" }, "complaint"],
    ["list_unsubscribe", { mailfrom: "x@example.com" }, "unsubscribe"],
    ["link_unsubscribe", {}, "unsubscribe"],
    ["injection", {}, "ignored"],
    ["delay", { raw_reason: "451 later" }, "ignored"],
    ["open", {}, "ignored"],
    ["initial_open", {}, "ignored"],
    ["click", {}, "ignored"],
    ["amp_click", {}, "ignored"],
    ["sms_status", {}, "unknown"],
  ])("%s %j is %s", (type, own, kind) => {
    expect(meaningOf(type, own)?.kind).toBe(kind);
  });

  it("may stand among pings and malformed ones, in every family", () => {
    const events = sparkPostEvents([
      { msys: {} },
      {},
      null,
      { msys: { message_event: null } },
      sparkPostEvent(ABOUT, "list_unsubscribe", {}, "unsubscribe_event"),
    ]);
    expect(events?.map(({ name }) => name)).toEqual([
      "malformed",
      "malformed",
      "malformed",
      "list_unsubscribe",
    ]);
  });

  it.each([undefined, null, {}, "x"])("does not stand in %j", (json) => {
    expect(sparkPostEvents(json)).toBeNull();
  });
});

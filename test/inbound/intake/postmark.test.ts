// What Postmark's records mean.
import { describe, expect, it } from "vitest";
import { postmarkEvents } from "../../../src/inbound/intake/postmark.ts";
import { markOf } from "../../../src/model/intake.ts";
import { type About, postmarkRecord, SAID_AT } from "./payloads.ts";

const ABOUT: About = {
  email: "a@example.com",
  mark: markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 0),
};

function meaningOf(type: string, own: Record<string, unknown> = {}) {
  return postmarkEvents(postmarkRecord(ABOUT, type, own))?.[0]?.meaning;
}

describe("a record of Postmark", () => {
  it("names its delivery by metadata and by id", () => {
    const own = { Type: "HardBounce", TypeCode: 1, Details: "smtp;550 5.1.1 No such user" };
    expect(postmarkEvents(postmarkRecord(ABOUT, "Bounce", own))).toEqual([
      {
        name: "Bounce HardBounce",
        at: SAID_AT,
        meant: {
          mark: ABOUT.mark,
          replyIds: ["883953f4-6105-42a2-a16a-77a8eac79483"],
          messageId: null,
          returnPath: null,
          addresses: ["a@example.com"],
        },
        meaning: { kind: "bounce", code: 10, reply: "550 5.1.1 No such user", host: "" },
      },
    ]);
  });

  it.each([
    ["HardBounce", "smtp;554 5.7.1 blocked using dnsbl.example", 51],
    ["HardBounce", "smtp;550 Requested action not taken", 40],
    ["HardBounce", "", 40],
    ["SoftBounce", "", 20],
    ["SoftBounce", "smtp;452 4.2.2 mailbox full", 22],
    ["BadEmailAddress", "", 10],
    ["Blocked", "", 50],
    ["SpamNotification", "", 52],
    ["VirusNotification", "", 53],
    ["DMARCPolicy", "", 55],
    ["ManuallyDeactivated", "", 123],
    ["SMTPApiError", "", 40],
  ])("of type %s %j has code %i", (Type, Details, code) => {
    const own = { Type, Details, Description: "(ex: unknown user, mailbox not found)" };
    expect(meaningOf("Bounce", own)).toMatchObject({ kind: "bounce", code });
  });

  it.each([
    ["Bounce", { Type: "Transient" }, "delayed"],
    ["Bounce", { Type: "DnsError" }, "delayed"],
    ["Bounce", { Type: "AutoResponder" }, "auto_reply"],
    ["Bounce", { Type: "ChallengeVerification" }, "auto_reply"],
    ["Bounce", { Type: "SpamComplaint" }, "complaint"],
    ["Bounce", { Type: "Unsubscribe" }, "unsubscribe"],
    ["Bounce", { Type: "Subscribe" }, "ignored"],
    ["Bounce", { Type: "Novelty" }, "unknown"],
    ["Bounce", { Type: "constructor" }, "unknown"],
    ["SpamComplaint", { Type: "SpamComplaint", TypeCode: 512 }, "complaint"],
    ["Delivery", { Details: "250 2.0.0 OK" }, "received"],
    [
      "SubscriptionChange",
      { SuppressSending: true, SuppressionReason: "ManualSuppression" },
      "unsubscribe",
    ],
    ["SubscriptionChange", { SuppressSending: true, SuppressionReason: "HardBounce" }, "ignored"],
    ["SubscriptionChange", { SuppressSending: false, SuppressionReason: null }, "ignored"],
    ["Open", { FirstOpen: true }, "ignored"],
    ["Click", { OriginalLink: "https://x.example" }, "ignored"],
    ["Inbound", {}, "unknown"],
  ])("%s %j is %s", (type, own, kind) => {
    expect(meaningOf(type, own)?.kind).toBe(kind);
  });

  it.each([undefined, null, [], {}, "x"])("is not %j", (json) => {
    expect(postmarkEvents(json)).toBeNull();
  });

  it("may be malformed", () => {
    expect(postmarkEvents({ RecordType: 1 })?.[0]?.name).toBe("malformed");
  });
});

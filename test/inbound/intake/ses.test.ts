// What Amazon SES's events mean, in both of their forms.
import { describe, expect, it } from "vitest";
import { sesEvents } from "../../../src/inbound/intake/ses.ts";
import { markOf } from "../../../src/model/intake.ts";
import { type About, SAID_AT, sesBounce, sesComplaint, sesPayload } from "./payloads.ts";

const ID = "01a200ab-26c9-72b6-aed3-ef54aa8ec565";
const REPLY_ID = "0102019a8f3c0000-6b1f4a56-0000-4000-8000-000000000001-000000";
const ABOUT: About = { email: "a@example.com", mark: markOf(ID, 1), replyId: REPLY_ID };

function only(json: unknown) {
  const [event, ...more] = sesEvents(json);
  if (!event || more.length > 0) throw new Error("one notification is one event");
  return event;
}

function bounce(
  type: readonly [string, string],
  dsn: { readonly status?: string; readonly diagnosticCode?: string } = {},
) {
  return only(sesPayload(ABOUT, "Bounce", sesBounce(ABOUT.email, type, dsn)));
}

describe("an SES event", () => {
  it("names its delivery by tag, by id, and by who got it", () => {
    const event = bounce(["Permanent", "General"], {
      status: "5.1.1",
      diagnosticCode: "smtp; 550 5.1.1 user unknown",
    });
    expect(event).toEqual({
      name: "Bounce Permanent General",
      at: SAID_AT,
      meant: {
        mark: markOf(ID, 1),
        replyIds: [REPLY_ID],
        messageId: "<0102019a8f3c0000@eu-west-1.amazonses.com>",
        returnPath: "sender@edgepost.test",
        addresses: ["a@example.com", "a@example.com"],
      },
      meaning: { kind: "bounce", code: 10, reply: "550 5.1.1 user unknown", host: "192.0.2.25" },
    });
  });

  it("of an identity has no tags, and all else", () => {
    const json = sesPayload(ABOUT, "Complaint", sesComplaint(ABOUT.email, "abuse"), "identity");
    expect(only(json)).toMatchObject({
      name: "Complaint",
      at: SAID_AT,
      meant: { mark: null, replyIds: [REPLY_ID] },
      meaning: { kind: "complaint", reply: "abuse complaint to Amazon SES" },
    });
  });
});

describe("a bounce of SES", () => {
  it.each([
    [
      ["Permanent", "General"],
      { status: "5.7.1", diagnosticCode: "smtp; 550 5.7.1 blocked using zen.spamhaus.org" },
      51,
    ],
    [["Permanent", "General"], { diagnosticCode: "smtp; 550 Requested action not taken" }, 40],
    [["Permanent", "General"], {}, 40],
    [["Permanent", "NoEmail"], {}, 10],
    [["Permanent", "Suppressed"], {}, 10],
    [["Permanent", "OnAccountSuppressionList"], {}, 123],
    [["Transient", "MailboxFull"], {}, 22],
    [
      ["Transient", "MailboxFull"],
      { status: "4.2.2", diagnosticCode: "smtp; 452 4.2.2 over quota" },
      22,
    ],
    [["Transient", "MessageTooLarge"], {}, 23],
    [["Transient", "ContentRejected"], {}, 52],
    [["Transient", "AttachmentRejected"], {}, 53],
    [
      ["Transient", "General"],
      { status: "4.4.7", diagnosticCode: "smtp; 451 4.0.0 come back" },
      20,
    ],
    [["Transient", "CustomTimeoutExceeded"], {}, 20],
    [["Undetermined", "Undetermined"], {}, 40],
  ] as const)("%j %j has code %i", (type, dsn, code) => {
    expect(bounce(type, dsn).meaning).toMatchObject({ kind: "bounce", code });
  });

  it("is an automatic reply when SES has no delivery status to show", () => {
    expect(bounce(["Transient", "General"]).meaning.kind).toBe("auto_reply");
  });

  it("of an expired temporary failure is never a bad address", () => {
    const dsn = { status: "4.1.1", diagnosticCode: "smtp; 450 4.1.1 unknown user, try later" };
    expect(bounce(["Permanent", "NoEmail"], dsn).meaning).not.toMatchObject({ code: 10 });
  });
});

describe("anything else of SES", () => {
  it.each([
    ["Delivery", { delivery: { timestamp: "x", smtpResponse: "250 ok dirdel" } }, "received"],
    ["Reject", { reject: { reason: "Bad content" } }, "bounce"],
    ["Rendering Failure", { failure: { errorMessage: "x", templateName: "y" } }, "bounce"],
    ["Complaint", sesComplaint("a@example.com"), "complaint"],
    ["Complaint", sesComplaint("a@example.com", "fraud"), "complaint"],
    ["Complaint", sesComplaint("a@example.com", "not-spam"), "ignored"],
    ["Complaint", sesComplaint("a@example.com", "auth-failure"), "ignored"],
    [
      "Subscription",
      { subscription: { newTopicPreferences: { unsubscribeAll: true } } },
      "unsubscribe",
    ],
    [
      "Subscription",
      { subscription: { newTopicPreferences: { unsubscribeAll: false } } },
      "ignored",
    ],
    ["Send", { send: {} }, "ignored"],
    ["DeliveryDelay", { deliveryDelay: { delayType: "MailboxFull" } }, "ignored"],
    ["Open", { open: { ipAddress: "192.0.2.1" } }, "ignored"],
    ["Click", { click: { link: "https://x.example" } }, "ignored"],
    ["Bounce", {}, "unknown"],
    ["Novelty", {}, "unknown"],
    ["constructor", {}, "unknown"],
  ])("%s %j is %s", (name, part, kind) => {
    expect(only(sesPayload(ABOUT, name, part)).meaning.kind).toBe(kind);
  });

  it.each([undefined, null, "Successfully validated SNS topic", {}, { mail: 1 }, []])(
    "%j is malformed, not an error",
    (json) => {
      expect(only(json)).toMatchObject({ name: "malformed", meaning: { kind: "unknown" } });
    },
  );
});

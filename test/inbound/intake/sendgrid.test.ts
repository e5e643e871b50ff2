// SendGrid's events: which are SendGrid's, and what they mean.
import { beforeAll, describe, expect, it } from "vitest";
import { sendGridEvents, verifySendGrid } from "../../../src/inbound/intake/sendgrid.ts";
import { utf8 } from "../../../src/lib/bytes.ts";
import { markOf } from "../../../src/model/intake.ts";
import { type About, SAID_AT, sendGridEvent } from "./payloads.ts";
import { type SendGridKeys, sendGridKeys, signedSendGrid } from "./signed.ts";

const ABOUT: About = {
  email: "a@example.com",
  mark: markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 0),
};

function meaningOf(event: string, own: Record<string, unknown> = {}) {
  return sendGridEvents([sendGridEvent(ABOUT, event, own)])?.[0]?.meaning;
}

describe("verifySendGrid", () => {
  let keys: SendGridKeys;
  beforeAll(async () => {
    keys = await sendGridKeys();
  });
  const SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature";
  const TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp";

  it("believes the owner of the key, about this body and timestamp", async () => {
    const { headers, body } = await signedSendGrid(keys, [{ event: "open" }]);
    const signature = headers[SIGNATURE] ?? "";
    const timestamp = headers[TIMESTAMP] ?? "";
    const { publicKey } = keys;
    const verify = (change: object, text = body, key = publicKey) =>
      verifySendGrid(key, { signature, timestamp, ...change }, utf8(text));
    expect(await verify({})).toBe(true);
    expect(await verify({ signature: "" })).toBe(false);
    expect(await verify({ signature: "%" })).toBe(false);
    expect(await verify({ timestamp: "" })).toBe(false);
    expect(await verify({ timestamp: "1795255232" })).toBe(false);
    expect(await verify({}, body.trim())).toBe(false);
    expect(await verify({}, body, (await sendGridKeys()).publicKey)).toBe(false);
  });
});

describe("an event of SendGrid", () => {
  it("names its delivery by unique argument, by id, by Message-ID", () => {
    const event = sendGridEvent({ ...ABOUT, messageId: "<m@x.example>" }, "bounce", {
      status: "5.1.1",
      type: "bounce",
      reason: "550 5.1.1 The email account that you tried to reach does not exist.",
      bounce_classification: "Invalid Address",
    });
    expect(sendGridEvents([event])).toEqual([
      {
        name: "bounce",
        at: SAID_AT,
        meant: {
          mark: ABOUT.mark,
          replyIds: ["nhIMmON9SFOPcT0ii4nt2A"],
          messageId: "<m@x.example>",
          returnPath: null,
          addresses: ["a@example.com"],
        },
        meaning: {
          kind: "bounce",
          code: 10,
          reply: "550 5.1.1 The email account that you tried to reach does not exist.",
          host: "",
        },
      },
    ]);
  });

  it.each([
    ["bounce", { reason: "550 5.7.26 unauthenticated mail", status: "5.7.26" }, 55],
    ["bounce", { reason: "452 4.2.2 mailbox full", status: "4.2.2", type: "blocked" }, 22],
    ["bounce", { reason: "unable to get mx info", bounce_classification: "Invalid Address" }, 10],
    [
      "bounce",
      { reason: "refused", status: "4.0.0", bounce_classification: "Invalid Address" },
      20,
    ],
    ["bounce", { reason: "refused", bounce_classification: "Content" }, 52],
    ["bounce", { reason: "refused", bounce_classification: "Reputation" }, 50],
    ["bounce", { reason: "refused" }, 40],
    ["bounce", { bounce_classification: "toString" }, 40],
    ["dropped", { reason: "Invalid" }, 10],
    ["dropped", { reason: "Spam Content" }, 52],
    ["dropped", { reason: "Bounced Address" }, 123],
    ["dropped", { reason: "Unsubscribed Address" }, 123],
    ["dropped", { reason: "Spam Reporting Address" }, 123],
  ])("%s %j has code %i", (name, own, code) => {
    expect(meaningOf(name, own)).toMatchObject({ kind: "bounce", code });
  });

  it.each([
    ["delivered", { response: "250 OK" }, "received"],
    ["spamreport", {}, "complaint"],
    ["unsubscribe", {}, "unsubscribe"],
    ["group_unsubscribe", { asm_group_id: 1 }, "unsubscribe"],
    ["group_resubscribe", {}, "ignored"],
    ["processed", {}, "ignored"],
    ["deferred", { response: "400 try again later", attempt: "5" }, "ignored"],
    ["open", { useragent: "x" }, "ignored"],
    ["click", { url: "https://x.example" }, "ignored"],
    ["account_status_change", {}, "unknown"],
  ])("%s %j is %s", (name, own, kind) => {
    expect(meaningOf(name, own)?.kind).toBe(kind);
  });

  it("that is malformed does not hide its neighbours", () => {
    const events = sendGridEvents([null, {}, { event: 1 }, sendGridEvent(ABOUT, "open"), []]);
    expect(events?.map(({ name }) => name)).toEqual([
      ...Array.from({ length: 3 }, () => "malformed"),
      "open",
      "malformed",
    ]);
  });

  it.each([undefined, null, {}, "x"])("does not stand in %j", (json) => {
    expect(sendGridEvents(json)).toBeNull();
  });
});

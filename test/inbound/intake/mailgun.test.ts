// Mailgun's events: which are Mailgun's, for how long, and what they mean.
import { describe, expect, it } from "vitest";
import { mailgunEvents, verifyMailgun } from "../../../src/inbound/intake/mailgun.ts";
import { markOf } from "../../../src/model/intake.ts";
import { type About, mailgunEvent, mailgunFailure, SAID_AT, SAID_SECONDS } from "./payloads.ts";
import { signedMailgun } from "./signed.ts";

const SECRET = "key-0123456789abcdef";
const ABOUT: About = {
  email: "a@example.com",
  mark: markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 0),
  messageId: "<m1@edgepost.test>",
  returnPath: "b+token@bounce.edgepost.test",
};

function only(event: string, own: Record<string, unknown> | object = {}) {
  return mailgunEvents({ "event-data": mailgunEvent(ABOUT, event, { ...own }) })?.[0];
}

describe("verifyMailgun", () => {
  const HOUR = 3_600_000;
  const body = async (seconds = SAID_SECONDS, secret = SECRET): Promise<unknown> =>
    JSON.parse((await signedMailgun(secret, {}, seconds)).body);

  it("believes a signature for as long as Mailgun repeats it", async () => {
    const json = await body();
    const believed = (now: number) => verifyMailgun(SECRET, json, now);
    expect(await believed(SAID_AT)).toBe(true);
    expect(await believed(SAID_AT + 9 * HOUR)).toBe(true);
    expect(await believed(SAID_AT + 12 * HOUR + 1)).toBe(false);
    expect(await believed(SAID_AT - 4 * 60_000)).toBe(true);
    expect(await believed(SAID_AT - 6 * 60_000)).toBe(false);
  });

  it("believes the primary account's signature of a subaccount's event", async () => {
    const parent = JSON.parse((await signedMailgun(SECRET, {}, SAID_SECONDS)).body);
    const signature = { ...parent.signature, signature: "00" };
    expect(await verifyMailgun(SECRET, { signature }, SAID_AT)).toBe(false);
    const both = { ...signature, "parent-signature": parent.signature.signature };
    expect(await verifyMailgun(SECRET, { signature: both }, SAID_AT)).toBe(true);
  });

  it("believes nothing else", async () => {
    expect(await verifyMailgun(SECRET, await body(SAID_SECONDS, "another-key"), SAID_AT)).toBe(
      false,
    );
    const { signature } = JSON.parse((await signedMailgun(SECRET, {}, SAID_SECONDS)).body);
    const forms = [
      undefined,
      null,
      {},
      { signature: null },
      { signature: { ...signature, token: `${signature.token}0` } },
      { signature: { ...signature, token: "" } },
      { signature: { ...signature, timestamp: SAID_SECONDS + 1 } },
      { signature: { ...signature, timestamp: "NaN" } },
      { signature: { ...signature, timestamp: "" } },
      { signature: { ...signature, signature: "" } },
      { signature: { ...signature, signature: signature.signature.toUpperCase() } },
      { signature: { ...signature, signature: signature.signature.slice(1) } },
    ];
    for (const json of forms) expect(await verifyMailgun(SECRET, json, SAID_AT)).toBe(false);
  });
});

describe("an event of Mailgun", () => {
  it("names its delivery by variable, by Message-ID, by return path", () => {
    const words = "5.1.1 The email account that you tried to reach does not exist.";
    expect(only("failed", mailgunFailure(550, words))).toEqual({
      name: "failed permanent",
      at: SAID_AT + 250,
      meant: {
        mark: ABOUT.mark,
        replyIds: [],
        messageId: "m1@edgepost.test",
        returnPath: "b+token@bounce.edgepost.test",
        addresses: ["a@example.com"],
      },
      meaning: { kind: "bounce", code: 10, reply: `550 ${words}`, host: "mx.example.com" },
    });
  });

  it.each([
    [mailgunFailure(550, "5.7.1 Message rejected as spam by Content Filtering"), 52],
    [mailgunFailure(552, "5.2.2 over quota"), 22],
    [mailgunFailure(498, "No MX for example.com"), 40],
    [mailgunFailure(602, "Too old", "old"), 20],
    [mailgunFailure(605, "", "suppress-bounce"), 123],
    [mailgunFailure(606, "", "suppress-unsubscribe"), 123],
    [mailgunFailure(607, "", "suppress-complaint"), 123],
    [{ severity: "permanent", reason: "generic" }, 40],
  ])("%j has code %i", (own, code) => {
    expect(only("failed", own)?.meaning).toMatchObject({ kind: "bounce", code });
  });

  it.each([
    ["failed", { ...mailgunFailure(450, "try later"), severity: "temporary" }, "ignored"],
    [
      "rejected",
      { reject: { reason: "Sandbox subdomains are for tests", description: "" } },
      "bounce",
    ],
    ["delivered", { "delivery-status": { code: 250, message: "OK" } }, "received"],
    ["complained", {}, "complaint"],
    ["unsubscribed", {}, "unsubscribe"],
    ["accepted", {}, "ignored"],
    ["opened", {}, "ignored"],
    ["clicked", { url: "https://x.example" }, "ignored"],
    ["list_member_uploaded", {}, "unknown"],
  ])("%s %j is %s", (name, own, kind) => {
    expect(only(name, own)?.meaning.kind).toBe(kind);
  });

  it("may have variables that are no texts, or none", () => {
    for (const variables of [null, [], { "edgepost-delivery": {} }, "x"]) {
      expect(only("complained", { "user-variables": variables })?.meant.mark).toBeNull();
    }
  });

  it.each([undefined, null, [], {}, { "event-data": null }, { "event-data": [] }])(
    "does not stand in %j",
    (json) => {
      expect(mailgunEvents(json)).toBeNull();
    },
  );

  it("may be malformed", () => {
    expect(mailgunEvents({ "event-data": {} })?.[0]?.name).toBe("malformed");
  });
});

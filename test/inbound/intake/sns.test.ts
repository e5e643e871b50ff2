// SNS messages: which are Amazon's. Signatures are made with a key and certificate of the test's own.
import { inject } from "vitest";
import { describe, expect, it } from "vitest";
import {
  isCertificateUrl,
  isSubscribeUrl,
  parseSns,
  verifySns,
} from "../../../src/inbound/intake/sns.ts";
import { utf8 } from "../../../src/lib/bytes.ts";
import {
  CERTIFICATE_URL,
  confirmation,
  notification,
  type Sns,
  signedSns,
  TOPIC,
} from "./signed.ts";

/** Whether a message, changed after it was signed, is believed. */
async function believed(message: Sns, change: Sns = {}, now = Date.now()): Promise<boolean> {
  const { body } = await signedSns(message);
  const parsed = parseSns(utf8(JSON.stringify({ ...JSON.parse(body), ...change })));
  return parsed !== null && verifySns(parsed, inject("snsSigner").cert, now);
}

const DAY = 24 * 60 * 60 * 1000;

describe("verifySns", () => {
  it.each(["1", "2"])("believes what was signed with version %s", async (version) => {
    const signed = { SignatureVersion: version };
    expect(await believed(notification({ x: "ü\n" }, signed))).toBe(true);
    expect(await believed(notification("x", { ...signed, Subject: "Amazon SES" }))).toBe(true);
    expect(await believed(confirmation(signed))).toBe(true);
    expect(await believed(confirmation({ ...signed, Type: "UnsubscribeConfirmation" }))).toBe(true);
  });

  it.each([
    { Message: "other" },
    { MessageId: "other" },
    { Timestamp: "2026-11-21T10:00:32.000Z" },
    { TopicArn: `${TOPIC}x` },
    { Subject: "added" },
    { SignatureVersion: "2" },
    { Signature: "AAAA" },
    { Signature: "not base64" },
    { Signature: "" },
    { Type: "SubscriptionConfirmation" },
  ])("does not believe a notification changed by %j", async (change) => {
    expect(await believed(notification({ x: 1 }), change)).toBe(false);
  });

  it("does not believe a confirmation that leads elsewhere", async () => {
    const change = { SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?x" };
    expect(await believed(confirmation(), change)).toBe(false);
    expect(await believed(confirmation(), { Token: "other" })).toBe(false);
  });

  it("believes a certificate in its time only, and no text that is none", async () => {
    expect(await believed(notification("x"), {}, Date.now() + 20 * DAY)).toBe(false);
    expect(await believed(notification("x"), {}, Date.now() - 20 * DAY)).toBe(false);
    const parsed = parseSns(utf8((await signedSns(notification("x"))).body));
    for (const pem of ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
      expect(parsed && (await verifySns(parsed, pem, Date.now()))).toBe(false);
    }
  });
});

describe("parseSns", () => {
  it.each(["", "{}", "[]", "null", JSON.stringify({ ...notification("x"), Type: "Other" })])(
    "refuses %j",
    (text) => {
      expect(parseSns(utf8(text))).toBeNull();
    },
  );
});

const NAME = "SimpleNotificationService-0123456789abcdef.pem";

describe("isCertificateUrl", () => {
  it.each([
    CERTIFICATE_URL,
    `https://sns.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-gov-west-1.amazonaws.com/${NAME}`,
    `https://sns.ap-southeast-3.amazonaws.com/${NAME}`,
  ])("takes %s", (url) => {
    expect(isCertificateUrl(url)).toBe(true);
  });

  it.each([
    "",
    `http://sns.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.amazonaws.com.evil.example/${NAME}`,
    `https://evil.example/sns.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.amazonaws.com@evil.example/${NAME}`,
    `https://evil.example#@sns.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.amazonaws.com:444/${NAME}`,
    `https://sns.evil.amazonaws.com/${NAME}`,
    `https://sns-us-east-1.amazonaws.com/${NAME}`,
    `https://s3.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.s3.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.amazonaws.com/../${NAME}`,
    `https://sns.us-east-1.amazonaws.com/x/${NAME}`,
    `https://sns.us-east-1.amazonaws.com/${NAME}?x`,
    `https://sns.us-east-1.amazonaws.com/${NAME}#x`,
    `https://sns.us-east-1.amazonaws.com/?Action=x&y=.pem`,
    "https://sns.us-east-1.amazonaws.com/other.pem",
    `https://sns.us-east-1.amazonaws.com\\@evil.example/${NAME}`,
    ` https://sns.us-east-1.amazonaws.com/${NAME}`,
    `https://sns.us-east-1.amazonaws.com/${NAME}\n`,
  ])("refuses %s", (url) => {
    expect(isCertificateUrl(url)).toBe(false);
  });
});

describe("isSubscribeUrl", () => {
  const query = `?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=abc`;
  it("takes SNS's own, for the topic", () => {
    const url = `https://sns.eu-west-1.amazonaws.com/${query}`;
    expect([isSubscribeUrl(url, TOPIC), isSubscribeUrl(url, `${TOPIC}x`)]).toEqual([true, false]);
  });

  it.each([
    "",
    `http://sns.eu-west-1.amazonaws.com/${query}`,
    `https://evil.example/${query}`,
    `https://sns.eu-west-1.amazonaws.com@evil.example/${query}`,
    `https://sns.eu-west-1.amazonaws.com/x${query}`,
    `https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=${TOPIC}`,
    `https://sns.eu-west-1.amazonaws.com/${query}&Action=DeleteTopic`,
    `https://sns.eu-west-1.amazonaws.com/${query}&TopicArn=arn:aws:sns:eu-west-1:1:x`,
    `https://sns.eu-west-1.amazonaws.com/${query} x`,
    `https://sns.eu-west-1.amazonaws.com/${query}\r\nx`,
  ])("refuses %j", (url) => {
    expect(isSubscribeUrl(url, TOPIC)).toBe(false);
  });
});

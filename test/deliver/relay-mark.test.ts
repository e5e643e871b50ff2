// The field that makes a vendor's events name their delivery: one line per vendor, first in the message,
// the same bytes each time, and never beside one of the sender's own.
import { describe, expect, it } from "vitest";
import { marked, marker } from "../../src/deliver/relay-mark.ts";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import { markOf, type Vendor } from "../../src/model/intake.ts";
import type { UsableRelay } from "../../src/model/relay.ts";
import type { Transaction } from "../../src/deliver/smtp/transaction.ts";

const MARK = markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 3);

function transaction(...content: readonly string[]): Transaction {
  const chunks = content.map((text) => utf8(text));
  return {
    from: "a@x.example",
    to: "b@y.example",
    content: chunks,
    eightBit: false,
    smtputf8: false,
  };
}

const MAIL = transaction("From: a@x.example\r\nSubject: x\r\n", "\r\nX-SMTPAPI: {}\r\n");

function textOf({ content }: Transaction): string {
  return content.map(fromUtf8).join("");
}

function relayOf(vendor: Vendor | null): UsableRelay {
  const login = { host: "h", port: 587, tls: "starttls", username: null, password: null } as const;
  return {
    id: "r",
    login: { ...login, allowCleartextAuth: false },
    health: null,
    vendor,
    verp: true,
  };
}

describe("marked", () => {
  it.each([
    ["ses", `X-SES-MESSAGE-TAGS: edgepost-delivery=${MARK}`],
    ["sendgrid", `X-SMTPAPI: {"unique_args":{"edgepost-delivery":"${MARK}"}}`],
    ["mailgun", `X-Mailgun-Variables: {"edgepost-delivery":"${MARK}"}`],
    ["postmark", `X-PM-Metadata-edgepost-delivery: ${MARK}`],
    ["sparkpost", `X-MSYS-API: {"metadata":{"edgepost-delivery":"${MARK}"}}`],
    ["greenarrow", `X-GreenArrow-Click-Tracking-ID: ${MARK}`],
  ] as const)("puts %s's field first and leaves the rest alone", (vendor, field) => {
    expect(textOf(marked(MAIL, vendor, MARK))).toBe(`${field}\r\n${textOf(MAIL)}`);
    expect(utf8(field).length).toBeLessThan(998);
  });

  it("leaves a field of the sender's own alone, wherever it stands in the header", () => {
    const own = transaction("From: a@x.example\r\nSub", "ject: x\r\nx-smtpapi : {}\r\n\r\nbody");
    expect(marked(own, "sendgrid", MARK)).toBe(own);
    expect(textOf(marked(own, "mailgun", MARK))).toContain("X-Mailgun-Variables: ");
  });

  it("is not misled by a body", () => {
    const body = transaction("Subject: x\r\n\r\nX-Mailgun-Variables: {}\r\n");
    expect(textOf(marked(body, "mailgun", MARK))).toMatch(/^X-Mailgun-Variables: /);
  });
});

describe("marker", () => {
  it("gives the same object for the same transaction and vendor", () => {
    const mark = marker();
    const first = mark(relayOf("sendgrid"), MAIL, MARK);
    expect(mark(relayOf("sendgrid"), MAIL, MARK)).toBe(first);
    expect(textOf(mark(relayOf("mailgun"), MAIL, MARK))).toMatch(/^X-Mailgun-Variables: /);
    expect(textOf(mark(relayOf("sendgrid"), MAIL, MARK))).toBe(textOf(first));
  });

  it("marks nothing for a relay without an intake", () => {
    expect(marker()(relayOf(null), MAIL, MARK)).toBe(MAIL);
  });
});

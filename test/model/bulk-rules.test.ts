// The bulk-sender rules: one message that keeps them all, and one fixture that breaks each, and only it.
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import { BULK_RULES, HEADER_RULE } from "../../src/model/bulk-rules.ts";
import { type Context, lint } from "../../src/model/compliance.ts";
import type { DnsRecord, RecordPurpose, RecordStatus } from "../../src/model/dns-record.ts";
import type { Published } from "../../src/model/sender-domain.ts";

const FIELDS: Readonly<Record<string, string>> = {
  "DKIM-Signature": "v=1; a=rsa-sha256; d=example.com;\r\n s=ep1; h=from; bh=a=; b=a=",
  From: "Shop <news@example.com>",
  To: "ann@example.net",
  Subject: "News",
  Date: "Sat, 21 Nov 2026 10:00:00 +0000",
  "Message-ID": "<1@example.com>",
  "List-Unsubscribe": "<mailto:out@example.com>, <https://links.example.com/u/abc>",
  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  "Content-Type": "text/html; charset=utf-8",
};
const BODY = '<p>News</p><p><a href="https://example.com/out">Unsubscribe</a></p>\r\n';

/** The good message with fields changed (null: left out), lines before them, and another body. */
function mail(
  change: Readonly<Record<string, string | null>> = {},
  { before = "", body = BODY } = {},
): string {
  const fields = Object.entries({ ...FIELDS, ...change });
  const lines = fields.map(([name, value]) => (value === null ? "" : `${name}: ${value}\r\n`));
  return `${before}${lines.join("")}\r\n${body}`;
}

function record(purpose: RecordPurpose, change: Partial<DnsRecord> = {}): DnsRecord {
  const names = { dkim: "ep1._domainkey.example.com", dmarc: "_dmarc.example.com" };
  const name = purpose === "dkim" || purpose === "dmarc" ? names[purpose] : "example.com";
  const found = purpose === "dmarc" ? ["v=DMARC1; p=none"] : [];
  const known = { required: true, status: "ok", found, advice: "" } as const;
  return { purpose, type: "TXT", name, value: "", ...known, ...change };
}

const PURPOSES = ["spf", "dkim", "dmarc", "return_path_spf"] as const;

/** What DNS shows, all well but one record. */
function published(purpose?: RecordPurpose, change: Partial<DnsRecord> = {}): Published {
  const records = PURPOSES.map((one) => record(one, one === purpose ? change : {}));
  return { records, bounceDomain: "bounce.example.com" };
}

const GOOD: Context = { mailClass: "marketing", published: published() };

function broken(text: string, context: Partial<Context> = {}): readonly string[] {
  return lint([utf8(text)], { ...GOOD, ...context }).map(({ rule }) => rule);
}

const MISSING: Partial<DnsRecord> = { status: "missing" };
const STRICT: Partial<DnsRecord> = { found: ["v=DMARC1; p=none; adkim=s; aspf=s"] };
const FOREIGN = "v=1; a=rsa-sha256; d=esp.example; s=x; h=from; bh=a=; b=a=";
const LINK = '<a href="https://example.com/unsubscribe">Out</a>\r\n';

/** Rule → a message that breaks it, and what DNS shows of its domain. */
const FIXTURES: Readonly<Record<string, readonly [string, Partial<Context>?]>> = {
  header: [mail({}, { before: "no field\r\n" })],
  spf: [mail(), { published: published("return_path_spf", MISSING) }],
  "dkim-signed": [mail({ "DKIM-Signature": null })],
  "dkim-published": [mail(), { published: published("dkim", MISSING) }],
  dmarc: [mail(), { published: published("dmarc", { ...MISSING, found: [] }) }],
  "dmarc-aligned": [mail({ "DKIM-Signature": FOREIGN }), { published: published("dmarc", STRICT) }],
  "dns-known": [mail(), { published: { records: null, bounceDomain: null } }],
  from: [mail({ From: "a@example.com, b@example.com" })],
  "from-provider": [
    mail({ From: "shop@gmail.com", "DKIM-Signature": FOREIGN.replace("esp.example", "gmail.com") }),
  ],
  date: [mail({ Date: "Mon, 21 Nov 2026 10:00:00 +0000" })],
  "message-id": [mail({ "Message-ID": "1@example.com" })],
  "single-fields": [mail({}, { before: "Subject: Other\r\n" })],
  subject: [mail({ Subject: null })],
  "one-click": [mail({ "List-Unsubscribe-Post": null })],
  "unsubscribe-link": [mail({}, { body: '<a href="https://example.com/shop">Shop</a>\r\n' })],
  size: [
    mail(
      { "Content-Type": "multipart/mixed; boundary=b" },
      {
        body: `--b\r\nContent-Type: text/html\r\n\r\n${LINK}--b\r\nContent-Type: image/png\r\n\r\n${`${"x".repeat(900)}\r\n`.repeat(30_000)}--b--\r\n`,
      },
    ),
  ],
  "html-size": [mail({}, { body: LINK + "<br>\r\n".repeat(18_000) })],
  "line-length": [mail({}, { body: `${LINK}${"x".repeat(999)}\r\n` })],
  crlf: [mail({}, { body: `${LINK}a\nb\r\n` })],
};

describe("the bulk-sender rules", () => {
  it("let a message pass that keeps them all", () => {
    expect(broken(mail())).toEqual([]);
  });

  it("have a fixture each", () => {
    const rules = [HEADER_RULE, ...BULK_RULES].map(({ rule }) => rule);
    expect(Object.keys(FIXTURES).toSorted()).toEqual(rules.toSorted());
    expect(new Set(rules).size).toBe(rules.length);
  });

  it.each(Object.entries(FIXTURES))("%s is broken by its fixture, alone", (rule, fixture) => {
    const [text, context] = fixture;
    expect(broken(text, context)).toEqual([rule]);
  });

  it("say what to do in one line of ASCII, which an SMTP reply can carry", () => {
    for (const { message } of [HEADER_RULE, ...BULK_RULES]) {
      expect(message).toMatch(/^[\x20-\x7e]{10,200}$/);
    }
  });

  it("ask nothing about unsubscribing of transactional mail", () => {
    const text = mail(
      { "List-Unsubscribe": null, "List-Unsubscribe-Post": null },
      { body: "<p>Your receipt</p>\r\n" },
    );
    expect(broken(text, { mailClass: "transactional" })).toEqual([]);
    expect(broken(text)).toEqual(["one-click", "unsubscribe-link"]);
  });

  it.each<[string, RecordStatus]>([
    ["a resolver that did not answer", "unknown"],
    ["a record that nobody looked for", "unchecked"],
  ])("hold nothing but a warning against a domain because of %s", (_name, status) => {
    for (const purpose of PURPOSES) {
      expect(broken(mail(), { published: published(purpose, { status }) })).toEqual(["dns-known"]);
    }
  });

  it("need https for one click, and exactly the words of RFC 8058", () => {
    const http = { "List-Unsubscribe": "<http://example.com/u>" };
    expect(broken(mail(http))).toEqual(["one-click"]);
    expect(broken(mail({ "List-Unsubscribe": null }))).toEqual(["one-click"]);
    expect(broken(mail({ "List-Unsubscribe-Post": "One-Click" }))).toEqual(["one-click"]);
  });

  it("take a message without any From, Date and Message-ID for what it is", () => {
    const bare = mail({ From: null, Date: null, "Message-ID": null });
    expect(broken(bare)).toEqual(["from", "date", "message-id"]);
  });
});

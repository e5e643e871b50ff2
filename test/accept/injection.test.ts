// Headers and ends of data that a sender tries to inject (reliability §5.2): what is accepted reaches the
// relay as one message with nothing added, byte for byte clean.
import type { Email } from "postal-mime";
import { describe, expect, it } from "vitest";
import { toBase64, utf8 } from "../../src/lib/bytes.ts";
import { email } from "../support/world.ts";
import { wire } from "./wire.ts";

const { postAll, delivered } = wire();

const OWN_FIELDS = new Set([
  "from",
  "to",
  "cc",
  "reply-to",
  "subject",
  "x-own",
  "message-id",
  "date",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
]);

const SEPARATORS = {
  CRLF: "\r\n",
  LF: "\n",
  CR: "\r",
  NUL: "\0",
  VT: "\v",
  FF: "\f",
  "U+0085": "\u0085",
  "U+2028": "\u2028",
  "U+2029": "\u2029",
};
const PAYLOADS: readonly (readonly [string, string])[] = [
  ...Object.entries(SEPARATORS).map(
    ([name, mark]) => [name, `a${mark}X-Evil: 1${mark}Bcc: evil@evil.test`] as const,
  ),
  ["encoded-word", "=?utf-8?Q?a=0D=0AX-Evil:_1=0D=0ABcc:_evil=40evil.test?="],
  ["1,200 characters", "x".repeat(1_200)],
  ["lone surrogate", "a\ud800b"],
];

const TO = { email: "a@example.com" };
const FILE = { filename: "a.pdf", content: btoa("%PDF-1.4\n%%EOF\n") };

/** The positions of E-01 whose value ends in a header or in an SMTP command. */
const POSITIONS: Readonly<Record<string, (value: string) => unknown>> = {
  from: (v) => email({ from: `${v}@edgepost.test` }),
  fromName: (v) => email({ fromName: v }),
  replyTo: (v) => email({ replyTo: [`${v}@example.com`] }),
  "replyTo name": (v) => email({ replyTo: [`${v} <r@example.com>`] }),
  "replyTo quoted name": (v) => email({ replyTo: [`"${v}" <r@example.com>`] }),
  subject: (v) => email({ subject: v }),
  "to address": (v) => email({ recipients: { to: [{ email: `${v}@example.com` }] } }),
  "to name": (v) => email({ recipients: { to: [{ ...TO, name: v }] } }),
  "cc name": (v) => email({ recipients: { to: [TO], cc: [{ email: "c@example.com", name: v }] } }),
  "bcc name": (v) =>
    email({ recipients: { to: [TO], bcc: [{ email: "c@example.com", name: v }] } }),
  "header name": (v) => email({ headers: { [`X-${v}`]: "1" } }),
  "header value": (v) => email({ headers: { "X-Own": v } }),
  "file name": (v) => email({ attachments: [{ ...FILE, filename: `${v}.pdf` }] }),
  "content type": (v) => email({ attachments: [{ ...FILE, contentType: v }] }),
  "content type parameter": (v) =>
    email({ attachments: [{ ...FILE, contentType: `application/pdf; name="${v}"` }] }),
  "content id": (v) => email({ html: "<p>x</p>", attachments: [{ ...FILE, contentId: v }] }),
  "tracking id": (v) => ({ ...email(), "x-kasplo-click-tracking-id": v }),
  "metadata value": (v) => ({ ...email(), metadata: { own: v } }),
  "variable in the subject": (v) =>
    email({ subject: "Hi {{name}}", recipients: { to: [{ ...TO, variables: { name: v } }] } }),
  "flat from": (v) => ({
    from: `${v} <a@edgepost.test>`,
    to: "a@example.com",
    subject: "s",
    text: "t",
  }),
};

describe("header injection", () => {
  it.each(Object.entries(POSITIONS))(
    "adds no header and no recipient at the position %s",
    async (_position, bodyOf) => {
      await postAll(PAYLOADS.map(([, payload]) => bodyOf(payload)));
      for (const { to, raw, mail } of await delivered()) {
        expect(to[0]).toMatch(/^[ac]@example\.com$/);
        for (const { key: name } of mail.headers) expect(OWN_FIELDS).toContain(name);
        expect(mail.from?.address).toMatch(/@edgepost\.test$/);
        const shown = [...(mail.to ?? []), ...(mail.cc ?? []), ...(mail.replyTo ?? [])];
        for (const { address } of shown) expect(address).toMatch(/^[acr]@example\.com$/);
        expect(mail.bcc).toBeUndefined();
        for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
        expect(raw).not.toMatch(/^(X-Evil|Bcc):/im);
      }
    },
  );

  it("never refuses everything: plain values pass at every position", async () => {
    const bodies = Object.values(POSITIONS).map((bodyOf) => bodyOf("plain"));
    const statuses = await postAll(bodies);
    // Only the content type "plain" contradicts the file's extension.
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(1);
  });

  it("shows an encoded-word of the sender as the text it is", async () => {
    const text = "=?utf-8?Q?evil=40evil.test?=";
    await postAll([email({ subject: text, fromName: text })]);
    const [seen] = await delivered();
    expect([seen?.mail.subject, seen?.mail.from?.name]).toEqual([text, text]);
    expect(seen?.mail.from?.address).toBe("sender@edgepost.test");
  });
});

/** Every end of data but the right one, and the right one, which must be stuffed. */
const MARKS = ["\r\n", "\n", "\r", "\0", ""];
const ENDS = MARKS.flatMap((left) => MARKS.map((right) => `${left}.${right}`));
const SECOND =
  "MAIL FROM:<evil@evil.test>\r\nRCPT TO:<evil@evil.test>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\nQUIT\r\n";
const SMUGGLED = ENDS.map((end) => `before${end}${SECOND}after`);

/** Where a text may hold line breaks, and how it is read back. */
const CONTENTS: Readonly<Record<string, [(v: string) => unknown, (mail: Email) => unknown]>> = {
  text: [(v) => email({ text: v }), (mail) => mail.text],
  html: [(v) => email({ text: null, html: v }), (mail) => mail.html],
  "text beside html": [(v) => email({ text: v, html: "<p>x</p>" }), (mail) => mail.text],
  variable: [
    (v) => email({ text: "{{v}}", recipients: { to: [{ ...TO, variables: { v } }] } }),
    (mail) => mail.text,
  ],
};

describe("SMTP smuggling", () => {
  it("knows 24 wrong ends of data and the right one", () => {
    expect(new Set(ENDS).size).toBe(25);
  });

  it.each(Object.entries(CONTENTS))(
    "sends %s as one message each",
    async (_name, [bodyOf, read]) => {
      expect(await postAll(SMUGGLED.map(bodyOf))).toEqual(ENDS.map(() => 200));
      const seen = await delivered();
      expect(seen.length).toBe(ENDS.length);
      const texts = seen.map(({ mail }) => lines(read(mail)).trimEnd());
      expect(new Set(texts)).toEqual(new Set(SMUGGLED.map((text) => lines(text).trimEnd())));
    },
  );

  it("sends an attachment byte for byte", async () => {
    const files = SMUGGLED.map((text) => utf8(`%PDF-1.4\n${text}`));
    await postAll(
      files.map((bytes) =>
        email({ attachments: [{ filename: "a.pdf", content: toBase64(bytes) }] }),
      ),
    );
    const seen = await delivered();
    const contents = seen.map(({ mail }) => {
      const content = mail.attachments[0]?.content;
      return content instanceof ArrayBuffer ? toBase64(new Uint8Array(content)) : "";
    });
    expect(new Set(contents)).toEqual(new Set(files.map(toBase64)));
  });

  it.each(["subject", "fromName", "header value", "to name", "file name"])(
    "sends a %s with none of them",
    async (position) => {
      const bodyOf = POSITIONS[position];
      expect(bodyOf).toBeDefined();
      await postAll(SMUGGLED.map((text) => bodyOf?.(text)));
      expect(await delivered()).toEqual([]);
    },
  );
});

/** Line breaks as the wire has them; what is no line break stays. */
function lines(text: unknown): string {
  return String(text).replaceAll(/\r\n|\r|\n/g, "\n");
}

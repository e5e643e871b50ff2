import PostalMime, { decodeWords } from "postal-mime";
import { describe, expect, test } from "vitest";
import { compose } from "../../src/compose/compose.ts";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import type { Recipient } from "../../src/model/message.ts";
import {
  assertWire,
  bytesOf,
  contentOf,
  fieldsOf,
  MESSAGE,
  read,
  sourceOf,
  TO,
  typesOf,
} from "./sample.ts";

/** What the relay must be able to do for one recipient. */
async function flags(recipients: readonly Recipient[], position: number) {
  const content = contentOf({ text: "t" });
  const { eightBit, smtputf8 } = await compose(MESSAGE, recipients, content, position, null);
  return { eightBit, smtputf8 };
}

describe("structure", () => {
  test("text and HTML are alternatives, plain first (A-002)", async () => {
    const source = await sourceOf({
      replyTo: [{ address: "abcd@yourdomain.com", name: "" }],
      text: "This is a Multipart email",
      html: "<h1>Test Email</h1>",
    });
    expect(typesOf(source)).toEqual(["multipart/alternative", "text/plain", "text/html"]);
    expect(fieldsOf(source)).toEqual([
      ["from", "sender name <sender@yourdomain.com>"],
      ["to", "recipient@example.com"],
      ["reply-to", "abcd@yourdomain.com"],
      ["subject", "Custom subject line"],
      ["message-id", `<${MESSAGE.id}@yourdomain.com>`],
      ["date", "Fri, 07 Feb 2025 06:07:14 +0000"],
      ["mime-version", "1.0"],
      ["content-type", `multipart/alternative; boundary="--_NmP-${MESSAGE.id}-Part_1"`],
    ]);
  });

  test("AMP stands between plain and HTML (A-003)", async () => {
    const source = await sourceOf({ text: "t", html: "<p>h</p>", amp: "<html amp4email></html>" });
    expect(typesOf(source)).toEqual([
      "multipart/alternative",
      "text/plain",
      "text/x-amp-html",
      "text/html",
    ]);
  });

  test("one part alone needs no multipart", async () => {
    expect(typesOf(await sourceOf({ text: "t" }))).toEqual(["text/plain"]);
    expect(typesOf(await sourceOf({ html: "h" }))).toEqual(["text/html"]);
  });

  test("an inline image is related to the HTML, other files are mixed", async () => {
    const parts = {
      text: "t",
      html: '<img src="cid:logo">',
      attachments: [
        { filename: "logo.png", contentType: "image/png", contentId: "logo" },
        { filename: "a.csv", contentType: "text/csv", contentId: null },
      ],
      attachmentBytes: [utf8("png"), utf8("a,b\n\r1")],
    };
    expect(typesOf(await sourceOf(parts))).toEqual([
      "multipart/mixed",
      "multipart/alternative",
      "text/plain",
      "multipart/related",
      "text/html",
      "image/png",
      "text/csv",
    ]);
    const { attachments } = await read(parts);
    expect(attachments).toMatchObject([
      { filename: "logo.png", disposition: "inline", contentId: "<logo>", related: true },
      { filename: "a.csv", disposition: "attachment", mimeType: "text/csv" },
    ]);
  });

  test("a part that personalisation empties is still there", async () => {
    const source = await sourceOf({ text: "{{x}}", html: "{{x}}" });
    expect(typesOf(source)).toEqual(["multipart/alternative", "text/plain", "text/html"]);
  });
});

describe("header fields", () => {
  const people: readonly Recipient[] = [
    { address: "a@example.com", name: "Doe, Jo", role: "to" },
    { address: "b@example.com", name: "Jürgen Müller", role: "to" },
    { address: "c@example.com", name: "", role: "cc" },
    { address: "hidden@example.com", name: "Hidden", role: "bcc" },
  ];

  test.each([0, 1, 2, 3])("recipient %i sees everyone but Bcc (A-017)", async (position) => {
    const source = await sourceOf({ text: "t" }, [...people], position);
    const mail = await PostalMime.parse(source);
    expect(mail.to).toMatchObject([
      { address: "a@example.com", name: "Doe, Jo" },
      { address: "b@example.com", name: "Jürgen Müller" },
    ]);
    expect(mail.cc).toMatchObject([{ address: "c@example.com" }]);
    expect(source.toLowerCase()).not.toContain("hidden");
    expect(source.toLowerCase()).not.toContain("bcc");
  });

  test("own headers stand in their order, structured ones untouched", async () => {
    const references = Array.from(
      { length: 20 },
      (_, i) => `<${i}.abcdefgh@mail.example.com>`,
    ).join(" ");
    const headers = [
      ["X-Second", "=?utf-8?q?literal?="],
      ["References", references],
      ["X-First", "größer"],
      ["X-Long", "x".repeat(900)],
    ] as const;
    const source = await sourceOf({ text: "t", headers });
    const own = fieldsOf(source).filter(([name]) => /^(x-|references)/.test(name));
    expect(own.map(([name]) => name)).toEqual(["x-second", "references", "x-first", "x-long"]);
    expect(own[1]?.[1]).toBe(references);
    expect(own[3]?.[1]).toBe("x".repeat(900));
    expect(decodeWords(own[0]?.[1] ?? "")).toBe("=?utf-8?q?literal?=");
    expect(decodeWords(own[2]?.[1] ?? "")).toBe("größer");
  });

  test("a local part outside ASCII in a header asks for SMTPUTF8, a Bcc's does not", async () => {
    const odd: Recipient = { address: "jõgi@example.ee", name: "", role: "to" };
    expect(await flags([odd], 0)).toEqual({ eightBit: true, smtputf8: true });
    expect(await flags([TO, { ...odd, role: "cc" }], 0)).toEqual({
      eightBit: true,
      smtputf8: true,
    });
    expect(await flags([TO, { ...odd, role: "bcc" }], 0)).toEqual({
      eightBit: false,
      smtputf8: false,
    });
  });
});

describe("names and subjects that look like something else", () => {
  test.each([
    "=?utf-8?q?a=40evil.example?=",
    "=?utf-8?B?YUBldmlsLmV4YW1wbGU=?= <b@evil.example>",
    "evil@evil.example",
    "<evil@evil.example>",
    '" <evil@evil.example>, "',
    "a\\",
    '\\"',
    "Group: x;",
    "(comment)",
    "=?x",
    "?=",
  ])("%j stays what it is", async (text) => {
    const parts = { text: "t", subject: text, from: { address: "a@example.com", name: text } };
    const mail = await read(parts, [{ ...TO, name: text }]);
    expect(mail.subject).toBe(text);
    expect(mail.from).toMatchObject({ address: "a@example.com", name: text });
    expect(mail.to).toMatchObject([{ address: TO.address, name: text }]);
  });
});

describe("variables", () => {
  const recipients: Recipient[] = [TO, { ...TO, address: "b@example.com" }];

  test("are escaped in HTML and AMP and verbatim in text (A-024)", async () => {
    const parts = {
      subject: "Hi {{name}}",
      text: "Hi {{name}}",
      html: "Hi {{ name }}",
      amp: "Hi {{name}}<template type=amp-mustache>{{name}}</template>{{name}}",
      variables: [{ name: "<b>" }, { name: 'Jo & "Al\'s"' }],
    };
    const first = await read(parts, recipients, 0);
    expect(first).toMatchObject({ subject: "Hi <b>", text: "Hi <b>\n", html: "Hi &lt;b&gt;\n" });
    const second = await sourceOf(parts, recipients, 1);
    expect(second.replaceAll("=\r\n", "")).toContain(
      "Hi Jo &amp; &quot;Al&#39;s&quot;<template type=3Damp-mustache>{{name}}</template>Jo &amp;",
    );
  });

  test.each([
    "a\r\nBcc: evil@example.com",
    "a\nb",
    "a\rb",
    "a\0b",
    "a\u0085b",
    "a\u2028b",
    "a\ud800b",
    `a${" ".repeat(2000)}b`,
  ])("%j in the subject starts no header", async (name) => {
    const bytes = await bytesOf({ subject: "x {{name}} y", text: "t", variables: [{ name }] });
    assertWire(bytes);
    const names = fieldsOf(fromUtf8(bytes)).map(([field]) => field);
    expect(names).toEqual([
      "from",
      "to",
      "subject",
      "message-id",
      "date",
      "content-transfer-encoding",
      "mime-version",
      "content-type",
    ]);
  });
});

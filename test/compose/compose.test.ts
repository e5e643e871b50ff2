import fc from "fast-check";
import PostalMime, { decodeWords } from "postal-mime";
import { describe, expect, test } from "vitest";
import { compose } from "../../src/compose/compose.ts";
import { concat, fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import type { MessageContent, Recipient } from "../../src/model/message.ts";

const MESSAGE = { id: "01939d6e-0000-7000-8000-000000000000", createdAt: 1_738_908_434_000 };
const TO: Recipient = { address: "recipient@example.com", name: "", role: "to" };

function contentOf(parts: Partial<MessageContent>): MessageContent {
  return {
    from: { address: "sender@yourdomain.com", name: "sender name" },
    replyTo: [],
    subject: "Custom subject line",
    text: null,
    html: null,
    amp: null,
    headers: [],
    variables: null,
    attachments: [],
    attachmentBytes: [],
    ...parts,
  };
}

async function bytesOf(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  const composed = await compose(MESSAGE, recipients, contentOf(parts), position);
  const bytes = concat(composed.content);
  expect(bytes.length).toBe(composed.size);
  return bytes;
}

async function sourceOf(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  return fromUtf8(await bytesOf(parts, recipients, position));
}

async function read(parts: Partial<MessageContent>, recipients = [TO], position = 0) {
  return PostalMime.parse(await bytesOf(parts, recipients, position));
}

/** The content types of a source, in order of appearance. */
function typesOf(source: string): readonly string[] {
  return Array.from(source.matchAll(/^Content-Type: ([a-z0-9/.-]+)/gm), (match) => match[1] ?? "");
}

/** The header fields of a source by lower-case name, unfolded. */
function fieldsOf(source: string): readonly (readonly [string, string])[] {
  const block = source.slice(0, source.indexOf("\r\n\r\n")).replace(/\r\n(?=[ \t])/g, "");
  return block.split("\r\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
}

function assertWire(bytes: Uint8Array): void {
  let length = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte === 0x0a && bytes[index - 1] !== 0x0d) throw new Error(`bare LF at ${index}`);
    if (byte === 0x0d && bytes[index + 1] !== 0x0a) throw new Error(`bare CR at ${index}`);
    if (byte === 0) throw new Error(`NUL at ${index}`);
    length = byte === 0x0a ? 0 : length + 1;
    if (length > 999) throw new Error(`a line over 998 at ${index}`);
  }
  if (bytes.at(-1) !== 0x0a) throw new Error("does not end with a line end");
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

  test("a local part outside ASCII asks for SMTPUTF8, a Bcc's only for the Bcc", async () => {
    const flags = async (recipients: readonly Recipient[], position: number) => {
      const content = contentOf({ text: "t" });
      const { eightBit, smtputf8 } = await compose(MESSAGE, recipients, content, position);
      return { eightBit, smtputf8 };
    };
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
    expect(await flags([TO, { ...odd, role: "bcc" }], 1)).toEqual({
      eightBit: false,
      smtputf8: true,
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

describe("bytes", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  const binaryText = fc.string({ unit: "binary", maxLength: 300 });
  const body = fc.oneof(
    text,
    binaryText,
    fc
      .array(
        fc.constantFrom(
          "a",
          " ",
          "\t",
          ".",
          "\r\n",
          "\n",
          "\r",
          "=",
          "é",
          "x".repeat(1200),
          "\0",
          "--",
          "From ",
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join("")),
  );
  const headerText = fc
    .oneof(
      text,
      fc
        .array(
          fc.constantFrom(
            "a",
            " ",
            "  ",
            "=?",
            "?=",
            '"',
            "\\",
            "<",
            ",",
            "é",
            "😀",
            "\t",
            "x".repeat(120),
          ),
          { maxLength: 30 },
        )
        .map((parts) => parts.join("")),
    )
    // What the schema lets through, trimmed as it trims names; a reader never sees outer spaces.
    .map((value) => value.replace(/[\p{Cc}\u2028\u2029]/gu, "").trim());
  const files = fc.array(
    fc.tuple(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }),
      fc.uint8Array({ maxLength: 500 }),
    ),
    { maxLength: 3 },
  );

  /** A body with its line ends as postal-mime gives them back: LF, and one more after a 7bit part. */
  function readBack(given: string): readonly string[] {
    const lines = given.toWellFormed().replace(/\r\n|\r|\n/g, "\n");
    return [lines, `${lines}\n`];
  }

  test("what is composed is what a reader parses, and is fit for the wire", async () => {
    const property = fc.asyncProperty(
      headerText,
      headerText,
      body,
      body,
      files,
      async (name, subject, plain, html, attached) => {
        const from = { address: "a@example.com", name };
        const parts = {
          from,
          subject,
          text: `T${plain.replaceAll("{{", "")}`,
          html: `H${html.replaceAll("{{", "")}`,
          attachments: attached.map(([base]) => ({
            filename: `${base.replace(/[\p{C}\p{Z}/\\]/gu, "_")}.csv`,
            contentType: "text/csv",
            contentId: null,
          })),
          attachmentBytes: attached.map(([, bytes]) => bytes),
        };
        const bytes = await bytesOf(parts);
        assertWire(bytes);
        const mail = await PostalMime.parse(bytes);
        expect(mail.subject ?? "").toBe(subject);
        expect(mail.from).toMatchObject(from);
        expect(readBack(parts.text)).toContain(mail.text?.replaceAll("\r\n", "\n"));
        expect(readBack(parts.html)).toContain(mail.html?.replaceAll("\r\n", "\n"));
        expect(mail.attachments.map(({ filename }) => filename)).toEqual(
          parts.attachments.map(({ filename }) => filename),
        );
        for (const [index, { content }] of mail.attachments.entries()) {
          expect(typeof content === "string" ? utf8(content) : new Uint8Array(content)).toEqual(
            parts.attachmentBytes[index],
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test("two composes of one message are identical, another id has another boundary", async () => {
    const parts = {
      text: "té",
      html: "<p>h</p>",
      attachments: [{ filename: "é.csv", contentType: "text/csv", contentId: null }],
      attachmentBytes: [utf8("a")],
    };
    expect(await bytesOf(parts)).toEqual(await bytesOf(parts));
    const { content } = await compose({ ...MESSAGE, id: "other" }, [TO], contentOf(parts), 0);
    expect(fromUtf8(concat(content))).not.toContain(MESSAGE.id);
  });

  test("25 MB of attachment arrive byte for byte", async () => {
    const big = new Uint8Array(25 * 1024 * 1024).map((_, index) => (index * 7) ^ (index >> 11));
    const parts = {
      text: "t",
      attachments: [{ filename: "a.zip", contentType: "application/zip", contentId: null }],
      attachmentBytes: [big],
    };
    const { content, size } = await compose(MESSAGE, [TO], contentOf(parts), 0);
    expect(size).toBeLessThan(big.length * 1.38);
    const source = fromUtf8(concat(content));
    const start = source.lastIndexOf("\r\n\r\n") + 4;
    const encoded = source.slice(start, source.lastIndexOf("\r\n--"));
    const decoded = Uint8Array.from(atob(encoded.replaceAll("\r\n", "")), (c) => c.charCodeAt(0));
    expect(decoded.length).toBe(big.length);
    expect(decoded.every((byte, index) => byte === big[index])).toBe(true);
  });
});

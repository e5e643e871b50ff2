import fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, test } from "vitest";
import { compose } from "../../src/compose/compose.ts";
import { mimeEntity, treeEntity } from "../../src/compose/mime.ts";
import { concat, fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import { assertWire, bytesOf, contentOf, MESSAGE, TO } from "./sample.ts";

/** A body with its line ends as postal-mime gives them back: LF, and one more after a 7bit part. */
function readBack(given: string): readonly string[] {
  const lines = given.toWellFormed().replace(/\r\n|\r|\n/g, "\n");
  return [lines, `${lines}\n`];
}

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
    const { content } = await compose({ ...MESSAGE, id: "other" }, [TO], contentOf(parts), 0, null);
    expect(fromUtf8(concat(content))).not.toContain(MESSAGE.id);
  });

  test("25 MB of attachment arrive byte for byte", async () => {
    const big = new Uint8Array(25 * 1024 * 1024).map((_, index) => (index * 7) ^ (index >> 11));
    const parts = {
      text: "t",
      attachments: [{ filename: "a.zip", contentType: "application/zip", contentId: null }],
      attachmentBytes: [big],
    };
    const { content, size } = await compose(MESSAGE, [TO], contentOf(parts), 0, null);
    expect(size).toBeLessThan(big.length * 1.38);
    const source = fromUtf8(concat(content));
    const start = source.lastIndexOf("\r\n\r\n") + 4;
    const encoded = source.slice(start, source.lastIndexOf("\r\n--"));
    const decoded = Uint8Array.from(atob(encoded.replaceAll("\r\n", "")), (c) => c.charCodeAt(0));
    expect(decoded.length).toBe(big.length);
    expect(decoded.every((byte, index) => byte === big[index])).toBe(true);
  });
});

describe("a skeleton with texts put in", () => {
  const words = fc
    .array(
      fc.constantFrom(
        "a",
        "Dear",
        " ",
        "é",
        "Ж",
        "日",
        "\r\n",
        "=",
        ".",
        "x".repeat(80),
        "\u0001",
        "BBBB",
      ),
      { maxLength: 30 },
    )
    .map((list) => `${list.join("")}\r\n`);
  const text = fc.option(words, { freq: 4 });

  test("is what the library makes, for every set of texts, encodings and lengths", () => {
    fc.assert(
      fc.property(
        fc.record({ text, html: text, amp: text }),
        fc.integer({ min: 1, max: 120 }),
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        (texts, length, date) => {
          const about = { boundary: "b".repeat(Math.min(length, 36)), date };
          const messageId = `${"i".repeat(length)}@example.com`;
          const parts = { ...texts, ...about, messageId, attachments: [], attachmentBytes: [] };
          const bytes = (chunks: readonly Uint8Array[]) => fromUtf8(concat(chunks));
          expect(bytes(mimeEntity(parts))).toBe(bytes(treeEntity(parts)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

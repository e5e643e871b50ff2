import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import { contentSize, utf8Length } from "../../src/model/content.ts";

test("utf8Length agrees with the encoder, also across its chunks", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.integer({ min: 16_380, max: 16_388 }),
      (text, pad) => {
        const padded = "x".repeat(pad) + text;
        expect(utf8Length(padded)).toBe(utf8(padded).length);
      },
    ),
  );
  expect(utf8Length("😀".repeat(20_000))).toBe(80_000);
  expect(utf8Length(`x${"😀".repeat(20_000)}`)).toBe(80_001);
  expect(utf8Length("\ud83d")).toBe(3);
});

test("contentSize counts texts, names, headers, variables and files", () => {
  const size = contentSize({
    from: { address: "a@example.com", name: "é" },
    replyTo: [{ address: "b@example.com", name: "" }],
    subject: "12345",
    text: "12",
    html: null,
    amp: "1",
    headers: [["X-A", "12"]],
    variables: [{ ab: "123" }, {}],
    attachments: [{ filename: "a.csv", contentType: "text/csv", contentId: null }],
    attachmentBytes: [new Uint8Array(100)],
    tracking: { opens: true, clicks: true },
  });
  expect(size).toBe(13 + 2 + 13 + 5 + 2 + 1 + 5 + 5 + 100);
});

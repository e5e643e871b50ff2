import { describe, expect, test } from "vitest";
import { checkAttachments } from "../../src/check/attachment.ts";
import { concat, utf8 } from "../../src/lib/bytes.ts";
import { contentTypeFor } from "../../src/model/attachment.ts";

const MB = 1024 * 1024;
const RULE = { path: "email.attachments", limitBytes: 25 * MB };

function judge(filename: string, bytes: Uint8Array, contentType?: string) {
  const type = contentType ?? contentTypeFor(filename, null) ?? "application/octet-stream";
  const attachments = [{ filename, contentType: type, contentId: null }];
  return checkAttachments({ attachments, attachmentBytes: [bytes] }, RULE);
}

const zip = Uint8Array.of(0x50, 0x4b, 0x03, 0x04, 0x14, 0, 0, 0, 8, 0);

/** Twelve kinds of bytes, and the extensions under which they may travel. */
const KINDS: readonly (readonly [
  kind: string,
  bytes: Uint8Array,
  extensions: readonly string[],
])[] = [
  ["PDF", utf8("%PDF-1.7\n%âãÏÓ\n"), ["pdf"]],
  ["DOCX", concat([zip, utf8("[Content_Types].xml")]), ["docx", "zip"]],
  ["PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), ["png"]],
  ["JPEG", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), ["jpg", "jpeg"]],
  ["CSV", utf8("\ufeffname,größe\r\nJo\t,5\n"), ["csv"]],
  ["CSV in Latin-1", Uint8Array.of(0x6e, 0x2c, 0xfc, 0x0a), ["csv"]],
  ["ZIP", concat([zip, utf8("a.txt")]), ["zip"]],
  ["EXE", Uint8Array.of(0x4d, 0x5a, 0x90, 0, 3, 0), []],
  ["GIF", concat([utf8("GIF89a"), Uint8Array.of(1, 0, 1, 0)]), []],
  ["HTML", utf8("\n <!DOCTYPE html><script>alert(1)</script>"), []],
  ["a shell script", utf8("#!/bin/sh\nrm -r x\n"), []],
  ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0, 0x2c, 0), []],
];
const EXTENSIONS = [
  "pdf",
  "docx",
  "png",
  "jpg",
  "jpeg",
  "csv",
  "zip",
  "exe",
  "gif",
  "html",
  "svg",
  "docm",
];

describe("12 kinds of bytes under 12 extensions", () => {
  const cells = KINDS.flatMap(([kind, bytes, fitting]) =>
    EXTENSIONS.map((extension) => [kind, extension, fitting.includes(extension), bytes] as const),
  );
  test.each(cells)("%s as .%s: %s", (_, extension, fits, bytes) => {
    const upper = judge(`A.${extension.toUpperCase()}`, bytes);
    const judged = judge(`a.${extension}`, bytes);
    expect(judged.ok).toBe(fits);
    expect(upper.ok).toBe(fits);
    if (!judged.ok) {
      expect(judged.error).toMatchObject({
        kind: "attachment_refused",
        path: "email.attachments[0]",
      });
    }
  });
});

test("an empty CSV and an empty ZIP are files too", () => {
  expect(judge("a.csv", new Uint8Array()).ok).toBe(true);
  expect(judge("a.zip", Uint8Array.of(0x50, 0x4b, 0x05, 0x06, 0, 0)).ok).toBe(true);
  expect(judge("a.pdf", new Uint8Array()).ok).toBe(false);
});

test.each([
  "a.csv.exe",
  "a",
  "",
  "csv",
  "a.csv ",
  "a.csv.",
  "../a.csv",
  "a/b.csv",
  "a\\b.csv",
  "a\0.csv",
  "a\r\nX: y.csv",
  "vsc\u202e.csv",
  "a\u2066.csv",
  "a\u200f.csv",
  "a\ufeff.csv",
  "a\u2028.csv",
  "a\ud800.csv",
  `${"a".repeat(252)}.csv`,
])("the name %j is refused", (filename) => {
  const judged = judge(filename, utf8("a,b"), "text/csv");
  expect(!judged.ok && judged.error.kind).toBe("attachment_refused");
});

test.each([
  "a.csv",
  "report.pdf.csv",
  "größe 2025 (final).csv",
  ".csv",
  "表.csv",
  `${"a".repeat(251)}.csv`,
])("the name %j is accepted", (filename) => {
  expect(judge(filename, utf8("a,b")).ok).toBe(true);
});

test.each(["image/png", "application/pdf", "text/html", "text/csv\r\nX: y", "x"])(
  "a CSV may not claim to be %j",
  (contentType) => {
    expect(judge("a.csv", utf8("a,b"), contentType).ok).toBe(false);
  },
);

describe("the total size", () => {
  const file = { filename: "a.csv", contentType: "text/csv", contentId: null };
  const files = (sizes: readonly number[]) => ({
    attachments: sizes.map(() => file),
    attachmentBytes: sizes.map((size) => new Uint8Array(size).fill(0x61)),
  });

  test("exactly at the limit is accepted, one byte more is too large", () => {
    const rule = { path: "attachments", limitBytes: 1000 };
    expect(checkAttachments(files([400, 600]), rule).ok).toBe(true);
    expect(checkAttachments(files([400, 601]), rule)).toEqual({
      ok: false,
      error: { kind: "too_large", what: "attachments", limitBytes: 1000 },
    });
  });

  test("25 MB are 26,214,400 bytes", () => {
    expect(checkAttachments(files([26_214_400]), RULE).ok).toBe(true);
    expect(checkAttachments(files([26_214_400, 1]), RULE).ok).toBe(false);
  });
});

// Which files may be attached, by name and content type. The bytes are judged in check/attachment.ts.
import { describe, expect, it } from "vitest";
import {
  contentTypeFor,
  extensionOf,
  filenameFault,
  parseContentId,
} from "../../src/model/attachment.ts";

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

describe("extensionOf", () => {
  it.each([
    ["a.pdf", "pdf"],
    ["A.PDF", "pdf"],
    ["a.pdf.exe", "exe"],
    [".pdf", "pdf"],
    ["a.", ""],
    ["a", ""],
    ["", ""],
    ["a.pdf ", "pdf "],
  ])("of %j is %j", (filename, extension) => {
    expect(extensionOf(filename)).toBe(extension);
  });
});

describe("contentTypeFor", () => {
  it.each([
    ["a.pdf", null, "application/pdf"],
    ["a.pdf", "", "application/pdf"],
    ["a.PDF", "Application/PDF; name=a.pdf", "application/pdf"],
    ["a.pdf", "application/octet-stream", "application/pdf"],
    ["a.docx", DOCX, DOCX],
    ["a.jpg", "image/jpg", "image/jpeg"],
    ["a.jpeg", "image/pjpeg", "image/jpeg"],
    ["a.png", "image/x-png", "image/png"],
    ["a.csv", "text/plain; charset=utf-8", "text/csv"],
    ["a.zip", "application/x-zip-compressed", "application/zip"],
  ])("of %s said to be %j is %s", (filename, given, type) => {
    expect(contentTypeFor(filename, given)).toBe(type);
  });

  it.each([
    ["a.exe", null],
    ["a.html", "text/html"],
    ["a.svg", "image/svg+xml"],
    ["a.pdf.exe", "application/pdf"],
    ["a.pdf ", "application/pdf"],
    ["a", "application/pdf"],
    ["a.pdf", "text/html"],
    ["a.png", "image/jpeg"],
    ["a.constructor", null],
    ["a.__proto__", null],
  ])("of %j said to be %j is none", (filename, given) => {
    expect(contentTypeFor(filename, given)).toBeNull();
  });
});

describe("filenameFault", () => {
  it.each(["a.pdf", "Größe 💌.pdf", "a b (1).pdf", "..pdf", "x".repeat(255)])(
    "allows %j",
    (filename) => {
      expect(filenameFault(filename)).toBeNull();
    },
  );

  it.each([
    "",
    " ",
    "x".repeat(256),
    "../a.pdf",
    "a\\b.pdf",
    "a\r\nb.pdf",
    "a\0.pdf",
    "invoice\u202efdp.exe",
    "a\u200b.pdf",
    "a\u2028.pdf",
    "a\ud83d.pdf",
    "a\u0085.pdf",
  ])("refuses %j", (filename) => {
    expect(filenameFault(filename)).toEqual(expect.any(String));
  });
});

describe("parseContentId", () => {
  it.each([
    ["logo", "logo"],
    ["<logo@example.com>", "logo@example.com"],
    ["a.b-c_1", "a.b-c_1"],
  ])("reads %j", (text, id) => {
    expect(parseContentId(text)).toBe(id);
  });

  it.each(["", "<>", "<a", "a>", "a b", "a@b@c", "a\r\nX: y", "ä", '"a"', "x".repeat(101)])(
    "refuses %j",
    (text) => {
      expect(parseContentId(text)).toBeNull();
    },
  );
});

// What counts as a valid Date and Message-ID.
import { describe, expect, it } from "vitest";
import { isDateTime, isMessageId } from "../../src/model/header-syntax.ts";

describe("a date and time", () => {
  it.each([
    "Sat, 21 Nov 2026 10:00:00 +0000",
    "21 Nov 2026 10:00 +0530",
    "Sun, 29 Feb 2032 23:59:60 -0800 (PST)",
    "sat,  1 Aug 2026 00:00:00 GMT",
    new Date(0).toUTCString(),
  ])("is %s", (text) => expect(isDateTime(text)).toBe(true));

  it.each([
    "",
    "yesterday",
    "2026-11-21T10:00:00Z",
    "Mon, 21 Nov 2026 10:00:00 +0000",
    "30 Feb 2026 10:00:00 +0000",
    "21 Foo 2026 10:00:00 +0000",
    "21 Nov 26 10:00:00 +0000",
    "21 Nov 2026 24:00:00 +0000",
    "21 Nov 2026 10:60:00 +0000",
    "21 Nov 2026 10:00:00",
    "21 Nov 2026 10:00:00 +0099",
  ])("is not %j", (text) => expect(isDateTime(text)).toBe(false));
});

describe("a message id", () => {
  it.each(["<a@b>", "<019a.b$c=d@mail.example.com>", "<x@[192.0.2.1]>"])("is %s", (text) =>
    expect(isMessageId(text)).toBe(true),
  );

  it.each(["", "a@b", "<a@b", "<a>", "<a b@c>", "<a@b> <c@d>", "<a@b>x", "<@b>", "<a@>"])(
    "is not %j",
    (text) => expect(isMessageId(text)).toBe(false),
  );
});

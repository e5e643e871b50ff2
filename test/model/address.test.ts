import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressKey,
  domainOf,
  parseAddress,
  parseDomain,
  parseMailbox,
} from "../../src/model/address.ts";

const label63 = "a".repeat(63);

const VALID: readonly (readonly [given: string, canonical: string])[] = [
  ["a@example.com", "a@example.com"],
  ["A.B@Example.COM", "A.B@example.com"],
  ["first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"],
  ["o'brien@example.com", "o'brien@example.com"],
  ["!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"],
  ["user%other@example.com", "user%other@example.com"],
  ["a!b@example.com", "a!b@example.com"],
  ["-@example.com", "-@example.com"],
  ["1@example.com", "1@example.com"],
  [`${"l".repeat(64)}@example.com`, `${"l".repeat(64)}@example.com`],
  [`a@${label63}.com`, `a@${label63}.com`],
  ["a@xn--bcher-kva.example", "a@xn--bcher-kva.example"],
  ["a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"],
  ["a@bücher.example", "a@xn--bcher-kva.example"],
  ["a@BÜCHER.example", "a@xn--bcher-kva.example"],
  ["a@straße.example", "a@xn--strae-oqa.example"],
  ["a@例え.jp", "a@xn--r8jz45g.jp"],
  ["a@ｅxample.com", "a@example.com"],
  ["jõgeva@example.ee", "jõgeva@example.ee"],
  ["用户@example.com", "用户@example.com"],
  ["😀@example.com", "😀@example.com"],
  ["a@edgepost.test", "a@edgepost.test"],
  ["a@1and1.com", "a@1and1.com"],
  ["a@1.2.3.4.com", "a@1.2.3.4.com"],
];

const REFUSED: readonly string[] = [
  "",
  "@",
  "a",
  "a@",
  "@example.com",
  "a@localhost",
  "a@example",
  "a@example.com.",
  "a@.example.com",
  "a@example..com",
  "a@-example.com",
  "a@example-.com",
  "a@exa_mple.com",
  `a@${"a".repeat(64)}.com`,
  `a@${`${label63}.`.repeat(4)}com`,
  `${"l".repeat(65)}@example.com`,
  `${"é".repeat(33)}@example.com`,
  `${"l".repeat(64)}@${label63}.${label63}.${label63}.com`,
  ".a@example.com",
  "a.@example.com",
  "a..b@example.com",
  " a@example.com",
  "a@example.com ",
  "a b@example.com",
  "a@exam ple.com",
  "a@b@example.com",
  '"a"@example.com',
  '"a b"@example.com',
  '"a@evil.example"@example.com',
  "a(comment)@example.com",
  "a@example.com(comment)",
  "a@(comment)example.com",
  "<a@example.com>",
  "a@example.com>",
  "a@b.example>\r\nRCPT TO:<c@d.example",
  "a@example.com\r\nRCPT TO:<c@d.example>",
  "a@example.com\nDATA",
  "a\r\n@example.com",
  "a\0@example.com",
  "a\t@example.com",
  "a@example.com\0",
  "a@example.com\u0085",
  "a\u0085b@example.com",
  "a\u2028b@example.com",
  "a@exa\u2029mple.com",
  "\ufeffa@example.com",
  "a\u202eb@example.com",
  "a\u200db@example.com",
  "a\u2066b@example.com",
  "a\u00a0b@example.com",
  "a@exa\u00admple.com",
  "a@exa\u200bmple.com",
  "a\ud800@example.com",
  "a@exa\ud800mple.com",
  "a＠example.com",
  "a＠evil.example@example.com",
  "a﹫evil.example@example.com",
  "a＜b@example.com",
  "a，b@example.com",
  "@relay.example:a@example.com",
  "@relay.example,@other.example:a@example.com",
  "a@example.com,b@example.com",
  "a@example.com;b@example.com",
  "a@[127.0.0.1]",
  "a@[IPv6:::1]",
  "a@127.0.0.1",
  "a@0x7f.1",
  "a@example.123",
  "a@example.com:25",
  "a@example.com/path",
  "a@example.com?x",
  "a@example.com#x",
  "a@evil.example\\example.com",
  "a@exa%6dple.com",
  "a@example%2ecom",
  "a@xn--.example",
  "a@例え／.jp",
  "a@example.com SIZE=1",
  "a@example.com> BODY=8BITMIME",
  "mailto:a@example.com",
  "a:b@example.com",
  "a[b]@example.com",
  "a\\b@example.com",
];

describe("parseAddress", () => {
  test.each(VALID)("accepts %j as %j", (given, canonical) => {
    expect(parseAddress(given)).toEqual({ ok: true, value: canonical });
  });

  test.each(REFUSED)("refuses %j with a reason", (given) => {
    const parsed = parseAddress(given);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toMatch(/^must /);
  });

  const pieces = fc.constantFrom(
    // oxlint-disable-next-line typescript/no-misused-spread -- code points are wanted
    ..."aZ0.@-_<>\"'\\()[],;: \r\n\0\t%!+=\u0085\u2028\ufeff\u202e＠ü例😀",
    "xn--",
    "example.com",
    "\ud800",
  );
  const hostile = fc.oneof(
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.array(pieces, { maxLength: 8 }).map((parts) => `${parts.join("")}@example.com`),
    fc.array(pieces, { maxLength: 8 }).map((parts) => `a@${parts.join("")}.com`),
  );

  test("never lets a byte through that SMTP reads as a delimiter, and agrees with itself", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const parsed = parseAddress(text);
        if (!parsed.ok) return;
        // oxlint-disable-next-line no-control-regex -- the point is that none is there
        expect(parsed.value).not.toMatch(/[\x00-\x20\x7f-\xa0<>()[\]\\,;:"\u2028\u2029\ufeff]/);
        expect(parsed.value.split("@")).toHaveLength(2);
        expect(parsed.value.isWellFormed()).toBe(true);
        expect(parseAddress(parsed.value)).toEqual(parsed);
        expect(parseDomain(domainOf(parsed.value))).toEqual({
          ok: true,
          value: domainOf(parsed.value),
        });
        expect(parseMailbox(parsed.value)).toEqual({
          ok: true,
          value: { address: parsed.value, name: "" },
        });
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parseMailbox", () => {
  test.each([
    ["a@example.com", "a@example.com", ""],
    ["<a@example.com>", "a@example.com", ""],
    ["  Jo Doe <a@Example.com> ", "a@example.com", "Jo Doe"],
    ['"Doe, Jo" <a@example.com>', "a@example.com", "Doe, Jo"],
    ['"a \\"b\\" \\\\c" <a@example.com>', "a@example.com", 'a "b" \\c'],
    ['"b@evil.example" <a@example.com>', "a@example.com", "b@evil.example"],
    ['"x <b@evil.example>" <a@example.com>', "a@example.com", "x <b@evil.example>"],
    ["ACME (Support) <a@example.com>", "a@example.com", "ACME (Support)"],
    [
      "=?utf-8?q?b=40evil.example?= <a@example.com>",
      "a@example.com",
      "=?utf-8?q?b=40evil.example?=",
    ],
    ["Jürgen <a@bücher.example>", "a@xn--bcher-kva.example", "Jürgen"],
  ])("reads %j", (given, address, name) => {
    expect(parseMailbox(given)).toEqual({ ok: true, value: { address, name } });
  });

  test.each([
    "Jo",
    "Jo <>",
    "Jo <a@example.com",
    "Jo a@example.com>",
    "Jo <a@example.com> b",
    "<b@evil.example> <a@example.com>",
    "b@evil.example <a@example.com>",
    "b@evil.example, <a@example.com>",
    "a@example.com, b@example.com",
    "Group: a@example.com;",
    "Group: <a@example.com>",
    '"Jo <a@example.com>',
    '"Jo" x <a@example.com>',
    '"Jo\\" <a@example.com>',
    "Jo < a@example.com>",
    "Jo <a@example.com >",
    "Jo <a@example.com>\r\nBcc: <b@evil.example>",
  ])("refuses %j", (given) => {
    expect(parseMailbox(given).ok).toBe(false);
  });
});

test("two spellings of one mailbox have one key", () => {
  expect(addressKey("A.B@example.com")).toBe(addressKey("a.b@example.com"));
  expect(addressKey("e\u0301@example.com")).toBe(addressKey("É@example.com"));
});

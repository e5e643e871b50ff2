// Custom headers of lists: what is taken, what is refused (contract 3.2, A-109).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseListHeaders } from "../../src/model/list-header.ts";

describe("custom headers", () => {
  it.each([
    ["the documented one", "X-Foo: bar\n", [["X-Foo", "bar"]]],
    [
      "several",
      "X-A: 1\r\nx-b:2\n\nX-C:  a: b ",
      [
        ["X-A", "1"],
        ["x-b", "2"],
        ["X-C", "a: b"],
      ],
    ],
    ["none", "", []],
    [
      "the four others",
      "List-Help: <mailto:h@x.test>\nBIMI-Selector: v=BIMI1; s=a",
      [
        ["List-Help", "<mailto:h@x.test>"],
        ["BIMI-Selector", "v=BIMI1; s=a"],
      ],
    ],
    ["a word of any language", "X-Shop: Käse 🧀", [["X-Shop", "Käse 🧀"]]],
  ])("%s are read", (_what, text, headers) => {
    expect(parseListHeaders(text)).toEqual({ ok: true, value: headers });
  });

  it.each([
    ["Subject: x", /X-…, List-Help/],
    ["To: a@example.com", /X-…, List-Help/],
    ["List-Unsubscribe: <https://x/>", /X-…, List-Help/],
    ["X-: y", /X-…, List-Help/],
    ["X-A B: y", /X-…, List-Help/],
    ["X-Foo bar", /one header on each line/],
    [" X-Foo: bar", /X-…, List-Help/],
    ["X-Foo: a\n bcc: b@example.com", /X-…, List-Help/],
    ["X-Foo: a\n\tmore", /one header on each line/],
    ["X-Foo:", /value/],
    ["X-Foo: a\rBcc: b", /one line/],
    ["X-Foo: a\u0085b", /one line/],
    ["X-Foo: a\u2028b", /one line/],
    ["X-Foo: \ud800", /surrogate/],
    [`X-Foo: ${"a".repeat(900)}`, /900 characters/],
    ["CFBL-Address: ä@example.com", /ASCII/],
    [Array.from({ length: 21 }, (_, n) => `X-${n}: y`).join("\n"), /20 lines/],
  ])("%j is refused", (text, reason) => {
    const parsed = parseListHeaders(text);
    expect(!parsed.ok && parsed.error).toMatch(reason);
  });

  it("give back what was written, and nothing that starts a line of its own", () => {
    const name = fc.stringMatching(/^X-[A-Za-z0-9-]{1,20}$/);
    const headers = fc.array(fc.tuple(name, fc.string({ unit: "grapheme", maxLength: 60 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(headers, (written) => {
        const parsed = parseListHeaders(written.map(([n, value]) => `${n}: ${value}`).join("\n"));
        if (!parsed.ok) return;
        expect(parsed.value).toEqual(written.map(([n, value]) => [n, value.trim()]));
        // oxlint-disable-next-line no-control-regex -- what a header must not hold
        for (const [, value] of parsed.value) expect(value).not.toMatch(/[\x00-\x08\x0a-\x1f]/);
      }),
    );
  });
});

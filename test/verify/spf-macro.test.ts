// The macro examples of RFC 7208 §7.4, and what is refused.
import { describe, expect, it } from "vitest";
import { expand, expandDomain, macroFault } from "../../src/verify/spf-macro.ts";

const VALUES = {
  sender: "strong-bad@email.example.com",
  domain: "email.example.com",
  dottedIp: "192.0.2.3",
  readableIp: "192.0.2.3",
  family: "in-addr",
  helo: "mx.example.org",
  validated: "mx.example.org",
  receiver: "receiver.test",
  now: 1_700_000_000,
} as const;

const IPV6 = {
  ...VALUES,
  family: "ip6",
  dottedIp: "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1",
} as const;

describe("expand", () => {
  it.each([
    ["%{s}", "strong-bad@email.example.com"],
    ["%{o}", "email.example.com"],
    ["%{d}", "email.example.com"],
    ["%{d4}", "email.example.com"],
    ["%{d3}", "email.example.com"],
    ["%{d2}", "example.com"],
    ["%{d1}", "com"],
    ["%{dr}", "com.example.email"],
    ["%{d2r}", "example.email"],
    ["%{l}", "strong-bad"],
    ["%{l-}", "strong.bad"],
    ["%{lr}", "strong-bad"],
    ["%{lr-}", "bad.strong"],
    ["%{l1r-}", "strong"],
    ["%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"],
    ["%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"],
    ["%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"],
    ["%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"],
    ["%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"],
    ["%%%_%-", "% %20"],
    ["%{S}", "strong-bad%40email.example.com"],
    [
      "%{h} %{p} %{c} %{r} %{t}",
      "mx.example.org mx.example.org 192.0.2.3 receiver.test 1700000000",
    ],
  ])("%s is %s", (text, expected) => {
    expect(expand(text, VALUES)).toBe(expected);
  });

  it("writes IPv6 in nibbles", () => {
    expect(expand("%{ir}.%{v}._spf.%{d2}", IPV6)).toBe(
      "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
    );
  });

  it("leaves labels out on the left of a name that grew too long", () => {
    const sender = `${"a.".repeat(200)}b@example.com`;
    const name = expandDomain("%{l}.example.org.", { ...VALUES, sender });
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^a\.a\..*\.b\.example\.org$/);
  });
});

describe("macroFault", () => {
  it.each([
    ["example.com", "domain", true],
    ["_spf.%{d}", "domain", true],
    ["example.com.", "domain", true],
    ["example.123", "domain", false],
    ["example", "domain", false],
    ["%(ir).sbl.example.org", "domain", false],
    ["%{ir", "domain", false],
    ["%{d0}.test", "domain", false],
    ["a b.test", "domain", false],
    ["\u00fc.test", "domain", false],
    ["%{t}.test", "domain", false],
    ["%{t} see http://%{d}/", "explanation", true],
    ["100% sure", "explanation", false],
  ] as const)("%s as a %s: %s", (text, kind, valid) => {
    expect(macroFault(text, kind) === null).toBe(valid);
  });
});

// check_host() against the examples of RFC 7208 (§5 to §7, appendix A) and its limits.
import { describe, expect, it } from "vitest";
import { checkHost, MAX_LOOKUPS } from "../../src/verify/spf.ts";
import { dnsOf, type Zone } from "./zone.ts";

const SENDER = { sender: "strong-bad@email.example.com", helo: "mx.example.org" };

/** The zone of appendix A. */
const APPENDIX: Zone = {
  "example.com": {
    MX: ["10 mail-a.example.com", "20 mail-b.example.com"],
    A: ["192.0.2.10", "192.0.2.11"],
  },
  "amy.example.com": { A: ["192.0.2.65"] },
  "bob.example.com": { A: ["192.0.2.66"] },
  "mail-a.example.com": { A: ["192.0.2.129"] },
  "mail-b.example.com": { A: ["192.0.2.130"] },
  "example.org": { MX: ["10 mail-c.example.org"] },
  "mail-c.example.org": { A: ["192.0.2.140"] },
  "10.2.0.192.in-addr.arpa": { PTR: ["example.com"] },
  "65.2.0.192.in-addr.arpa": { PTR: ["amy.example.com"] },
  "140.2.0.192.in-addr.arpa": { PTR: ["mail-c.example.org"] },
  "4.0.0.10.in-addr.arpa": { PTR: ["bob.example.com"] },
};

async function check(record: string, ip: string, zone: Zone = APPENDIX, domain = "example.com") {
  const own = { ...zone[domain], TXT: [record] };
  const question = { ip, domain, ...SENDER, now: 0, receiver: "mx.receiver.test" };
  return checkHost(question, dnsOf({ ...zone, [domain]: own }));
}

describe("the examples of appendix A", () => {
  it.each([
    ["v=spf1 +all", "203.0.113.1", "pass"],
    ["v=spf1 a -all", "192.0.2.10", "pass"],
    ["v=spf1 a -all", "192.0.2.129", "fail"],
    ["v=spf1 a:example.org -all", "192.0.2.10", "fail"],
    ["v=spf1 mx -all", "192.0.2.129", "pass"],
    ["v=spf1 mx -all", "192.0.2.10", "fail"],
    ["v=spf1 mx:example.org -all", "192.0.2.140", "pass"],
    ["v=spf1 mx mx:example.org -all", "192.0.2.140", "pass"],
    ["v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass"],
    ["v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143", "pass"],
    ["v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.144", "fail"],
    ["v=spf1 ptr -all", "192.0.2.65", "pass"],
    ["v=spf1 ptr -all", "192.0.2.140", "fail"],
    // The name of 10.0.0.4 does not lead back to it.
    ["v=spf1 ptr -all", "10.0.0.4", "fail"],
    ["v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"],
    ["v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass"],
  ] as const)("%s for %s is %s", async (record, ip, result) => {
    expect((await check(record, ip)).result).toBe(result);
  });

  it("delegates by include and redirect (A.2)", async () => {
    const zone: Zone = {
      ...APPENDIX,
      "mail.example.com": { TXT: ["v=spf1 a:amy.example.com -all"] },
    };
    const included = "v=spf1 include:mail.example.com -all";
    expect((await check(included, "192.0.2.65", zone)).result).toBe("pass");
    expect((await check(included, "192.0.2.66", zone)).result).toBe("fail");
    const redirected = await check("v=spf1 redirect=mail.example.com", "192.0.2.66", zone);
    expect(redirected).toMatchObject({ result: "fail", mechanism: "-all", lookups: 2 });
  });

  it("asks a black list by macros (A.3)", async () => {
    const zone: Zone = { "mary.mobile-users._spf.example.com": { A: ["127.0.0.2"] } };
    const record = "v=spf1 exists:%{l}.mobile-users._spf.%{d} -all";
    const question = { ip: "192.0.2.1", domain: "example.com", helo: "x", now: 0, receiver: "r" };
    const dns = dnsOf({ ...zone, "example.com": { TXT: [record] } });
    const mary = await checkHost({ ...question, sender: "mary@example.com" }, dns);
    const fred = await checkHost({ ...question, sender: "fred@example.com" }, dns);
    expect([mary.result, fred.result]).toEqual(["pass", "fail"]);
  });
});

describe("results", () => {
  it.each([
    ["neutral where nothing matches", "v=spf1 ip4:192.0.2.1", "neutral"],
    ["softfail for ~", "v=spf1 ~all", "softfail"],
    ["neutral for ?", "v=spf1 ?all", "neutral"],
    ["permerror for a mechanism that does not exist", "v=spf1 ipv4:192.0.2.1 -all", "permerror"],
    ["permerror for an error behind a match", "v=spf1 +all ip4:1.2.3", "permerror"],
    ["permerror for two redirects", "v=spf1 redirect=a.test redirect=b.test", "permerror"],
    ["permerror for a redirect to no record", "v=spf1 redirect=none.test", "permerror"],
    ["permerror for an include of no record", "v=spf1 include:none.test -all", "permerror"],
    ["permerror for a prefix over 32", "v=spf1 a/33 -all", "permerror"],
    ["permerror for a macro that does not exist", "v=spf1 exists:%{z}.test -all", "permerror"],
    ["permerror for a macro of explanations", "v=spf1 exists:%{c}.test -all", "permerror"],
    ["fail while unknown modifiers are ignored", "v=spf1 moo=%{d} -all", "fail"],
    ["none where there is no record", "v=spf10 +all", "none"],
  ] as const)("%s", async (_name, record, result) => {
    expect((await check(record, "203.0.113.9", {}, "example.net")).result).toBe(result);
  });

  it("permerror for two records, none for a single label, temperror when DNS fails", async () => {
    const question = { ip: "192.0.2.1", ...SENDER, now: 0, receiver: "r" };
    const two = dnsOf({ "a.test": { TXT: ["v=spf1 -all", "V=SPF1 +all"] } });
    expect((await checkHost({ ...question, domain: "a.test" }, two)).result).toBe("permerror");
    expect((await checkHost({ ...question, domain: "localhost" }, two)).result).toBe("none");
    const down = dnsOf({ "a.test": { TXT: "fail" } });
    expect((await checkHost({ ...question, domain: "a.test" }, down)).result).toBe("temperror");
    const later = dnsOf({ "a.test": { TXT: ["v=spf1 a:b.test -all"] }, "b.test": { A: "fail" } });
    expect((await checkHost({ ...question, domain: "a.test" }, later)).result).toBe("temperror");
  });

  it("matches IPv6, also for IPv4 inside it", async () => {
    const zone: Zone = { "example.com": { AAAA: ["2001:db8::17"] } };
    expect((await check("v=spf1 a//64 -all", "2001:db8::99", zone)).result).toBe("pass");
    expect((await check("v=spf1 ip6:2001:db8::/32 -all", "2001:db9::1", zone)).result).toBe("fail");
    expect((await check("v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1")).result).toBe("pass");
  });

  it("gives the domain's explanation of a fail, and none of an include's", async () => {
    const zone: Zone = {
      "example.com": {},
      "why.example.com": { TXT: ["%{i} is not one of %{d}'s"] },
      "other.test": { TXT: ["v=spf1 exp=why.example.com -all"] },
    };
    const own = await check("v=spf1 -all exp=why.%{d}", "192.0.2.3", zone);
    expect(own.explanation).toBe("192.0.2.3 is not one of example.com's");
    const included = await check("v=spf1 include:other.test -all", "192.0.2.3", zone);
    expect(included).toMatchObject({ result: "fail", explanation: null });
  });
});

describe("limits", () => {
  const includes = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`i${n}.test`, { TXT: ["v=spf1 ?all"] }]),
    );
  const record = (count: number) =>
    `v=spf1 ${Array.from({ length: count }, (_, n) => `include:i${n}.test`).join(" ")} -all`;

  it("takes ten terms that ask DNS and not eleven", async () => {
    const ten = await check(record(MAX_LOOKUPS), "192.0.2.3", includes(10));
    expect(ten).toMatchObject({ result: "fail", lookups: 10 });
    const eleven = await check(record(MAX_LOOKUPS + 1), "192.0.2.3", includes(11));
    expect(eleven.result).toBe("permerror");
  });

  it("takes two empty answers and not three", async () => {
    expect((await check("v=spf1 a:x.test a:y.test -all", "192.0.2.3")).result).toBe("fail");
    const three = await check("v=spf1 a:x.test a:y.test a:z.test -all", "192.0.2.3");
    expect(three.result).toBe("permerror");
  });

  it("ends where a record includes itself", async () => {
    const question = { ip: "192.0.2.1", domain: "a.test", ...SENDER, now: 0, receiver: "r" };
    const dns = dnsOf({ "a.test": { TXT: ["v=spf1 include:a.test -all"] } });
    expect((await checkHost(question, dns)).result).toBe("permerror");
    expect(dns.asked.length).toBe(MAX_LOOKUPS + 1);
  });

  it("refuses more than ten MX records, follows ten", async () => {
    const hosts = Array.from({ length: 11 }, (_, n) => `m${n}.test`);
    const zone = (count: number): Zone => ({
      "example.com": { MX: hosts.slice(0, count).map((host) => `10 ${host}`) },
      ...Object.fromEntries(hosts.map((host) => [host, { A: ["192.0.2.200"] }])),
    });
    expect((await check("v=spf1 mx -all", "192.0.2.3", zone(10))).result).toBe("fail");
    expect((await check("v=spf1 mx -all", "192.0.2.3", zone(11))).result).toBe("permerror");
  });
});

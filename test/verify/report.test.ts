// A domain's report: each check's verdicts, the score, and what to fix first.
import { describe, expect, it } from "vitest";
import { makeKeyPair } from "../../src/lib/key-pair.ts";
import { type ReportItem, reportOn, type ReportQuestion } from "../../src/verify/report.ts";
import { dnsOf, type Zone } from "./zone.ts";

const QUESTION: ReportQuestion = {
  domain: "shop.example",
  mechanisms: ["include:relay.test"],
  selectors: ["ep1"],
};

const { publicKey } = await makeKeyPair("rsa-sha256");
const GOOD: Zone = {
  "shop.example": {
    TXT: ["v=spf1 include:relay.test -all"],
    MX: ["10 mx.shop.example"],
  },
  "relay.test": { TXT: ["v=spf1 ip4:192.0.2.1 -all"] },
  "ep1._domainkey.shop.example": { TXT: [`v=DKIM1; k=rsa; p=${publicKey}`] },
  "_dmarc.shop.example": { TXT: ["v=DMARC1; p=reject"] },
  "mx.shop.example": { A: ["192.0.2.5"] },
  "5.2.0.192.in-addr.arpa": { PTR: ["mx.shop.example"] },
};

async function item(check: ReportItem["check"], change: Zone, question = QUESTION) {
  const { items } = await reportOn(question, dnsOf({ ...GOOD, ...change }));
  const found = items.find((one) => one.check === check);
  if (!found) throw new Error(`no ${check}`);
  return found;
}

describe("reportOn", () => {
  it("gives 100 to a domain with everything in place", async () => {
    const report = await reportOn(QUESTION, dnsOf(GOOD));
    expect(report.items.map(({ status }) => status)).toEqual(report.items.map(() => "pass"));
    expect(report).toMatchObject({ score: 100, fixFirst: [] });
  });

  it("gives 0 to a domain with nothing and names the largest loss first", async () => {
    const report = await reportOn(QUESTION, dnsOf({}));
    // Nobody can say anything of servers that are not there; nobody can answer.
    expect(report.score).toBe(6);
    expect(report.fixFirst).toEqual(["dkim", "spf", "dmarc", "mx"]);
  });

  it("says nothing of what DNS did not answer", async () => {
    const down = Object.fromEntries(
      Object.keys(GOOD).map((name) => [name, { TXT: "fail", MX: "fail" } as const]),
    );
    expect(await reportOn(QUESTION, dnsOf(down))).toMatchObject({ score: null, fixFirst: [] });
  });

  it.each<readonly [string, ReportItem["check"], Zone, ReportItem["status"]]>([
    ["SPF that lacks the relay", "spf", { "shop.example": { TXT: ["v=spf1 mx -all"] } }, "fail"],
    [
      "SPF that refuses nobody",
      "spf",
      { "shop.example": { TXT: ["v=spf1 include:relay.test"] } },
      "warn",
    ],
    ["SPF for everybody", "spf", { "shop.example": { TXT: ["v=spf1 +all"] } }, "fail"],
    ["SPF twice", "spf", { "shop.example": { TXT: ["v=spf1 -all", "v=spf1 -all"] } }, "fail"],
    ["a withdrawn key", "dkim", { "ep1._domainkey.shop.example": { TXT: ["p="] } }, "fail"],
    ["a key that is none", "dkim", { "ep1._domainkey.shop.example": { TXT: ["p=AAAA"] } }, "fail"],
    [
      "DMARC that only watches",
      "dmarc",
      { "_dmarc.shop.example": { TXT: ["v=DMARC1; p=none"] } },
      "warn",
    ],
    ["no DMARC", "dmarc", { "_dmarc.shop.example": {} }, "fail"],
    ["a null MX", "mx", { "shop.example": { MX: ["0 "] } }, "warn"],
    ["a server without a name", "ptr", { "5.2.0.192.in-addr.arpa": {} }, "warn"],
    [
      "a name that leads elsewhere",
      "ptr",
      { "mx.shop.example": { A: ["192.0.2.5"] }, "5.2.0.192.in-addr.arpa": { PTR: ["x.test"] } },
      "warn",
    ],
  ])("%s", async (_name, check, change, status) => {
    const found = await item(check, change);
    expect(found.status).toBe(status);
    expect(found.advice).not.toBe("");
  });

  it("tries common selectors for a domain that is not ours, and cannot know others", async () => {
    const foreign = { ...QUESTION, mechanisms: [], selectors: [] };
    const google = { "google._domainkey.shop.example": { TXT: [`p=${publicKey}`] } };
    expect(
      (await item("dkim", { ...google, "ep1._domainkey.shop.example": {} }, foreign)).status,
    ).toBe("pass");
    expect((await item("dkim", { "ep1._domainkey.shop.example": {} }, foreign)).status).toBe(
      "warn",
    );
  });
});

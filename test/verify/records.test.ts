// The records of a sender domain: what is wanted, what was found, what to do.
import { describe, expect, it } from "vitest";
import type { DnsRecord } from "../../src/model/dns-record.ts";
import { stateOf } from "../../src/model/sender-domain.ts";
import { type Publishing, wantedRecords } from "../../src/verify/publishing.ts";
import { judgeRecords } from "../../src/verify/records.ts";
import { dnsOf, type Zone } from "./zone.ts";

const PUBLISHING: Publishing = {
  domain: "shop.example",
  returnDomain: "bounce.shop.example",
  tracking: { host: "links.shop.example", target: "mail.worker.test" },
  mechanisms: ["include:relay.test"],
  exchanges: ["mx1.test", "mx2.test"],
  keys: [
    { selector: "ep1", algorithm: "rsa-sha256", publicKey: "AAAA", state: "active" },
    { selector: "ep2", algorithm: "rsa-sha256", publicKey: "BBBB", state: "standby" },
  ],
};

/** A zone that holds what is wanted, with some names replaced. */
function published(change: Zone = {}): Zone {
  const zone: Record<string, Record<string, readonly string[]>> = {
    "relay.test": { TXT: ["v=spf1 ip4:192.0.2.1 -all"] },
  };
  for (const { name, type, value } of wantedRecords(PUBLISHING)) {
    const records = (zone[name] ??= {});
    records[type] = [...(records[type] ?? []), value];
  }
  return { ...zone, ...change };
}

async function judged(zone: Zone): Promise<readonly DnsRecord[]> {
  return judgeRecords(dnsOf(zone), wantedRecords(PUBLISHING), PUBLISHING);
}

async function one(zone: Zone, name: string): Promise<DnsRecord> {
  const record = (await judged(zone)).find((found) => found.name === name);
  if (!record) throw new Error(`no record at ${name}`);
  return record;
}

describe("wantedRecords", () => {
  it("lists SPF, DKIM of both selectors, DMARC, return path and tracking", () => {
    const names = wantedRecords(PUBLISHING).map(
      ({ type, name, value }) => `${type} ${name} ${value}`,
    );
    expect(names).toEqual([
      "TXT shop.example v=spf1 include:relay.test ~all",
      "TXT ep1._domainkey.shop.example v=DKIM1; k=rsa; p=AAAA",
      "TXT ep2._domainkey.shop.example v=DKIM1; k=rsa; p=BBBB",
      "TXT _dmarc.shop.example v=DMARC1; p=none",
      "TXT bounce.shop.example v=spf1 include:relay.test ~all",
      "MX bounce.shop.example 10 mx1.test",
      "MX bounce.shop.example 20 mx2.test",
      "CNAME links.shop.example mail.worker.test",
    ]);
  });
});

describe("judgeRecords", () => {
  it("finds everything in a zone that holds what was listed", async () => {
    const records = await judged(published());
    expect(records.map(({ status }) => status)).toEqual(records.map(() => "ok"));
    expect(stateOf(records, "pending")).toBe("active");
  });

  it("finds nothing in an empty zone and says what to publish", async () => {
    const records = await judged({});
    expect(records.map(({ status }) => status)).toEqual(records.map(() => "missing"));
    expect(records.every(({ advice, name }) => advice.includes(name))).toBe(true);
    expect(stateOf(records, "pending")).toBe("pending");
    expect(stateOf(records, "active")).toBe("drifted");
  });

  it.each([
    "shop.example",
    "ep1._domainkey.shop.example",
    "ep2._domainkey.shop.example",
    "_dmarc.shop.example",
    "bounce.shop.example",
  ])("stays pending with one wrong TXT at %s, and names it", async (name) => {
    const wrong = await judged(published({ [name]: { TXT: ["v=spf1 -all"] } }));
    const bad = wrong.filter(({ status, required }) => required && status !== "ok");
    expect(bad.map((record) => record.name)).toEqual([name]);
    expect(stateOf(wrong, "pending")).toBe("pending");
  });

  it("decides nothing when DNS does not answer for a record that decides", async () => {
    const records = await judged(published({ "_dmarc.shop.example": { TXT: "fail" } }));
    expect(stateOf(records, "pending")).toBeNull();
    expect(stateOf(records, "active")).toBeNull();
  });

  it("merges SPF with what must stay, two records into one", async () => {
    const google = "v=spf1 include:google.test ~all";
    const merged = await one(published({ "shop.example": { TXT: ["x", google] } }), "shop.example");
    expect(merged).toMatchObject({
      status: "wrong",
      found: [google],
      value: "v=spf1 include:google.test include:relay.test ~all",
    });
    const two = { "shop.example": { TXT: [google, "v=spf1 mx -all"] } };
    expect(await one(published(two), "shop.example")).toMatchObject({
      status: "wrong",
      value: "v=spf1 mx include:google.test include:relay.test -all",
    });
  });

  it("refuses an SPF record that asks DNS more than ten times", async () => {
    const many = Array.from({ length: 10 }, (_, n) => `a:h${n}.test`).join(" ");
    const zone = { "shop.example": { TXT: [`v=spf1 ${many} include:relay.test ~all`] } };
    const record = await one(published(zone), "shop.example");
    expect(record.status).toBe("wrong");
    expect(record.advice).toContain("11 times");
  });

  it("takes a DMARC record of the organisational domain", async () => {
    const publishing = { ...PUBLISHING, domain: "mail.shop.example" };
    const dns = dnsOf({ "_dmarc.shop.example": { TXT: ["v=DMARC1; p=reject"] } });
    const records = await judgeRecords(dns, wantedRecords(publishing), publishing);
    const dmarc = records.find(({ purpose }) => purpose === "dmarc");
    expect(dmarc).toMatchObject({ status: "ok", found: ["v=DMARC1; p=reject"] });
  });

  it("takes a tracking host that shows the addresses of its target", async () => {
    const proxied: Zone = {
      "links.shop.example": { A: ["192.0.2.7"] },
      "mail.worker.test": { A: ["192.0.2.7", "192.0.2.8"] },
    };
    expect((await one(published(proxied), "links.shop.example")).status).toBe("ok");
    const elsewhere: Zone = { "links.shop.example": { A: ["192.0.2.9"] } };
    expect((await one(published(elsewhere), "links.shop.example")).status).toBe("wrong");
  });
});

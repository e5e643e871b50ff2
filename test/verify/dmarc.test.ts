// Which DMARC policy holds for a domain (RFC 7489 §6.6.3).
import { describe, expect, it } from "vitest";
import { organisationalDomain } from "../../src/model/organisational-domain.ts";
import { findDmarc } from "../../src/verify/dmarc.ts";
import { readDkimRecord } from "../../src/verify/dkim-record.ts";
import { dnsOf } from "./zone.ts";

async function found(zone: Parameters<typeof dnsOf>[0], domain = "mail.example.co.uk") {
  const result = await findDmarc(dnsOf(zone), domain);
  return result.ok ? result.value : result.error;
}

describe("findDmarc", () => {
  it("takes the domain's own record before that of its organisational domain", async () => {
    const zone = {
      "_dmarc.mail.example.co.uk": { TXT: ["v=DMARC1; p=quarantine; adkim=s; pct=50"] },
      "_dmarc.example.co.uk": { TXT: ["v=DMARC1; p=reject; sp=none"] },
    };
    expect(await found(zone)).toMatchObject({
      policy: "quarantine",
      dkim: "s",
      spf: "r",
      percent: 50,
    });
    const { "_dmarc.example.co.uk": above } = zone;
    expect(await found({ "_dmarc.example.co.uk": above })).toMatchObject({
      name: "_dmarc.example.co.uk",
      policy: "none",
    });
  });

  it.each([
    ["no record", {}, "none"],
    ["another text", { TXT: ["hello"] }, "none"],
    ["two records", { TXT: ["v=DMARC1; p=none", "v=DMARC1; p=reject"] }, "wrong"],
    ["no policy", { TXT: ["v=DMARC1; rua=mailto:a@example.com"] }, "wrong"],
    ["a policy that does not exist", { TXT: ["v=DMARC1; p=block"] }, "wrong"],
    ["a tag twice", { TXT: ["v=DMARC1; p=none; p=none"] }, "wrong"],
    ["no answer", { TXT: "fail" as const }, "unknown"],
  ])("says what is wrong with %s", async (_name, records, kind) => {
    expect(await found({ "_dmarc.example.com": records }, "example.com")).toMatchObject({ kind });
  });

  it("knows organisational domains, private suffixes too", () => {
    expect(organisationalDomain("a.b.example.co.uk")).toBe("example.co.uk");
    expect(organisationalDomain("example.com")).toBe("example.com");
    expect(organisationalDomain("edgepost.test")).toBe("edgepost.test");
  });
});

describe("readDkimRecord", () => {
  it.each([
    ["v=DKIM1; k=rsa; p=MIIB IjAN", { kind: "key", type: "rsa", publicKey: "MIIBIjAN" }],
    ["p=abcd", { kind: "key", type: "rsa", publicKey: "abcd" }],
    ["v=DKIM1; k=ed25519; p=11qY=", { kind: "key", type: "ed25519", publicKey: "11qY=" }],
    ["v=DKIM1; p=", { kind: "revoked" }],
    ["v=DKIM2; p=abcd", { kind: "wrong" }],
    ["v=DKIM1; k=rsa", { kind: "wrong" }],
    ["v=spf1 -all", { kind: "wrong" }],
    ["v=DKIM1; p=***", { kind: "wrong" }],
  ])("%s", (text, expected) => {
    expect(readDkimRecord(text)).toMatchObject(expected);
  });
});

// Which recipient domains are one provider's.
import { describe, expect, it } from "vitest";
import { domainGroup } from "../../src/model/domain-group.ts";

describe("domainGroup", () => {
  it.each([
    ["gmail.com", "gmail"],
    ["googlemail.com", "gmail"],
    ["hotmail.co.uk", "outlook"],
    ["live.nl", "outlook"],
    ["outlook.de", "outlook"],
    ["msn.com", "outlook"],
    ["yahoo.com.br", "yahoo"],
    ["aol.com", "yahoo"],
    ["ymail.com", "yahoo"],
    ["me.com", "apple"],
    ["gmx.de", "gmx"],
    ["web.de", "gmx"],
    ["comcast.net", "comcast"],
    ["bk.ru", "mailru"],
  ])("puts %s into %s", (domain, group) => {
    expect(domainGroup(domain)).toBe(group);
  });

  it.each(["example.com", "mail.gmail.com", "yahoo.co.jp", "notgmail.com", "constructor", ""])(
    "leaves %j alone",
    (domain) => {
      expect(domainGroup(domain)).toBe(domain);
    },
  );
});

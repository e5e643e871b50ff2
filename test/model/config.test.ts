import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/model/config.ts";

const ENV = { ENCRYPTION_KEY: "a2V5", DOH_URL: "https://dns.example/dns-query" };
const KEY = btoa("k".repeat(32));
const OTHER = btoa("o".repeat(40));

describe("PUBLIC_URL", () => {
  it.each([
    [undefined, null],
    ["", null],
    ["https://mail.example.com", "https://mail.example.com"],
    ["https://Mail.Example.com/", "https://mail.example.com"],
    ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
  ])("%j is %j", (PUBLIC_URL, publicUrl) => {
    expect(parseConfig({ ...ENV, PUBLIC_URL }).publicUrl).toBe(publicUrl);
  });

  it.each(["mail.example.com", "https://x/path", "https://u:p@x", "ftp://x", "https://x?y", "//x"])(
    "%j stops the Worker with its name",
    (PUBLIC_URL) => {
      expect(() => parseConfig({ ...ENV, PUBLIC_URL })).toThrow("PUBLIC_URL");
    },
  );
});

describe("LINK_KEYS", () => {
  it("are keys by id, the first of which signs", () => {
    const { linkKeys } = parseConfig({ ...ENV, LINK_KEYS: `b:${OTHER}, a1:${KEY}` });
    expect(linkKeys.map(({ id, secret }) => [id, secret.length])).toEqual([
      ["b", 40],
      ["a1", 32],
    ]);
    expect(parseConfig(ENV).linkKeys).toEqual([]);
  });

  it.each([
    "",
    KEY,
    `a:${KEY},`,
    `a:${KEY},a:${OTHER}`,
    `a:${btoa("short")}`,
    `a-b:${KEY}`,
    `aaaaaaaaa:${KEY}`,
    `a:${KEY}=`,
  ])("%j stops the Worker with its name", (LINK_KEYS) => {
    expect(() => parseConfig({ ...ENV, LINK_KEYS })).toThrow("LINK_KEYS");
  });
});

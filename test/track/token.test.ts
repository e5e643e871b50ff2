import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../src/lib/base64url.ts";
import type { NamedSecret } from "../../src/model/config.ts";
import { type Link, linkTarget } from "../../src/model/link.ts";
import { testLinks, tokenOf } from "../support/tracking.ts";

const MESSAGE = "01939d6e-0000-7000-8000-00000000abcd";
const OPEN: Link = { kind: "open", messageId: MESSAGE, position: 0 };
const CLICK: Link = {
  kind: "click",
  messageId: MESSAGE,
  position: 999,
  index: 7,
  url: "https://x/?a=1&b=2",
};
const UNSUBSCRIBE: Link = {
  kind: "unsubscribe",
  messageId: MESSAGE,
  position: 3,
  address: "änn@example.com",
  url: "https://ex.com/bye",
};
const links = testLinks();

const key = (id: string, byte: number): NamedSecret => ({
  id,
  secret: new Uint8Array(32).fill(byte),
});

/** Everything that a token could be taken for. */
async function readAny(token: string): Promise<unknown> {
  const { read } = links;
  return (
    (await read("open", token)) ??
    (await read("click", token)) ??
    (await read("unsubscribe", token))
  );
}

describe("a link token", () => {
  it.each([OPEN, CLICK, UNSUBSCRIBE, { ...UNSUBSCRIBE, url: null }])(
    "says what was signed, the same at every attempt: $kind",
    async (link) => {
      const token = await tokenOf(links, link);
      expect(await links.read(link.kind, token)).toEqual(link);
      expect(await tokenOf(testLinks(), link)).toBe(token);
    },
  );

  it("is good for its own kind only", async () => {
    const token = await tokenOf(links, CLICK);
    expect([await links.read("open", token), await links.read("unsubscribe", token)]).toEqual([
      null,
      null,
    ]);
  });

  it("is refused with any one bit changed: 1,000 flips", async () => {
    let flips = 0;
    for (const link of [
      CLICK,
      UNSUBSCRIBE,
      OPEN,
      { ...CLICK, url: `https://e.com/${"x".repeat(60)}` },
    ]) {
      const bytes = fromBase64Url(await tokenOf(links, link)) ?? new Uint8Array();
      for (let bit = 0; bit < bytes.length * 8 && flips < 1_000; bit++) {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await readAny(toBase64Url(changed))).toBeNull();
        flips += 1;
      }
    }
    expect(flips).toBe(1_000);
  });

  it("is refused in another spelling of the same bytes", async () => {
    const token = await tokenOf(links, CLICK);
    const last = token.slice(-1);
    const spare =
      token.length % 4 === 0
        ? []
        : Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    const others = spare.filter((letter) => letter !== last).map((one) => token.slice(0, -1) + one);
    for (const other of [
      ...others,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${token}A`,
      token.slice(0, -1),
      token.slice(4),
      "",
    ]) {
      expect(await readAny(other), other).toBeNull();
    }
  });

  it("is refused when it is noise", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await readAny(toBase64Url(bytes))).toBeNull();
      }),
      { numRuns: 300 },
    );
    expect(await readAny("A".repeat(1_000_000))).toBeNull();
  });

  it("is refused when another deployment signed it", async () => {
    const other = testLinks({ encryptionKey: btoa("x".repeat(32)) });
    expect(await readAny(await tokenOf(other, CLICK))).toBeNull();
  });

  it("outlives its key's turn to sign: the first signs, all verify", async () => {
    const [a, b] = [key("a", 1), key("b", 2)];
    const derived = await tokenOf(links, CLICK);
    const old = await tokenOf(testLinks({ linkKeys: [a] }), CLICK);
    const now = testLinks({ linkKeys: [b, a] });
    expect(await tokenOf(now, CLICK)).not.toBe(old);
    for (const token of [derived, old, await tokenOf(now, CLICK)]) {
      expect(await now.read("click", token)).toEqual(CLICK);
    }
    expect(await testLinks({ linkKeys: [b] }).read("click", old)).toBeNull();
  });

  it("never leads anywhere but to http and https, also when it is signed", async () => {
    for (const url of [
      "javascript:alert(1)",
      "//evil.example",
      "/\\evil.example",
      "data:text/html,x",
    ]) {
      expect(await links.read("click", await tokenOf(links, { ...CLICK, url }))).toBeNull();
    }
  });
});

describe("the target of an href", () => {
  it.each([
    ["https://x/?a=1&b=2", "https://x/?a=1&b=2"],
    ["HTTP://Example.com", "HTTP://Example.com"],
    ["  https://example.com/a b \n", "https://example.com/a b"],
    ["https://exa\nmple.com/", "https://example.com/"],
    ["https://пример.рф/ü?q=é#f", "https://пример.рф/ü?q=é#f"],
  ])("%j is %j", (href, target) => {
    expect(linkTarget(href)).toBe(target);
  });

  it.each([
    "",
    "#top",
    "/path",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:/x",
    "https:///x",
    "https:\\\\evil.example",
    "http:example.com",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "mailto:a@example.com",
    "tel:+1",
    "sms:+1",
    "ftp://example.com",
    "https://",
    "https://a\u0000b/",
    "https://example.com/\u007f",
    `https://example.com/${"x".repeat(4_096)}`,
    "https://example.com/\ud800",
  ])("%j leads nowhere", (href) => {
    expect(linkTarget(href)).toBeNull();
  });
});

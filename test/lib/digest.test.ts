// SHA-256 and HMAC-SHA-256 against published vectors and Node's crypto.
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, utf8 } from "../../src/lib/bytes.ts";
import { hmacSha256, sha256Hex } from "../../src/lib/digest.ts";

describe("sha256Hex", () => {
  // FIPS 180-2, appendix B.
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ])("of %j is the published one", async (text, digest) => {
    expect([await sha256Hex(text), await sha256Hex(utf8(text))]).toEqual([digest, digest]);
  });

  it("is Node's for any text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
        expect(await sha256Hex(text)).toBe(createHash("sha256").update(text).digest("hex"));
      }),
    );
  });
});

describe("hmacSha256", () => {
  // RFC 4231, test case 2.
  it("is the one of the standard", async () => {
    const mac = await hmacSha256(utf8("Jefe"), utf8("what do ya want for nothing?"));
    expect(hex(mac)).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  });

  it("is Node's for any secret and data", async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (secret, data) => {
        const mac = await hmacSha256(new Uint8Array(secret), new Uint8Array(data));
        expect(hex(mac)).toBe(createHmac("sha256", secret).update(data).digest("hex"));
      }),
    );
  });
});

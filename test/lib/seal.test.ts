// Secrets at rest: what was sealed opens with the same key and purpose, and with nothing else.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../../src/lib/bytes.ts";
import { open, seal } from "../../src/lib/seal.ts";

const keyOf = (fill: number) => toBase64(new Uint8Array(32).fill(fill));
const KEY = keyOf(1);

describe("seal and open", () => {
  it("give back any secret, under any purpose", async () => {
    const text = fc.string({ unit: "grapheme" });
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, purpose) => {
        expect(await open(KEY, purpose, await seal(KEY, purpose, secret))).toBe(secret);
      }),
    );
  });

  it("never give the same text twice", async () => {
    const sealed = await Promise.all(Array.from({ length: 100 }, () => seal(KEY, "p", "s")));
    expect(new Set(sealed).size).toBe(100);
  });

  it("do not show the secret", async () => {
    const secret = "a secret that is long enough to be found";
    const bytes = fromBase64(await seal(KEY, "p", secret)) ?? new Uint8Array();
    expect(new TextDecoder("latin1").decode(bytes)).not.toContain(secret.slice(0, 6));
  });

  it.each([
    ["another purpose", KEY, "relay:2"],
    ["a purpose that begins alike", KEY, "relay:1 "],
    ["no purpose", KEY, ""],
    ["another key", keyOf(2), "relay:1"],
  ])("refuse %s", async (_name, key, purpose) => {
    await expect(open(key, purpose, await seal(KEY, "relay:1", "secret"))).rejects.toThrow();
  });

  it("refuse every change of a byte, and every shortening", async () => {
    const sealed = fromBase64(await seal(KEY, "p", "secret")) ?? new Uint8Array();
    expect(sealed.length).toBe(12 + 6 + 16);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
      await expect(open(KEY, "p", toBase64(changed))).rejects.toThrow();
      await expect(open(KEY, "p", toBase64(sealed.subarray(0, at)))).rejects.toThrow();
    }
  });

  it("refuse what is not base64, without saying what it was", async () => {
    await expect(open(KEY, "relay:1", "hunter2!")).rejects.toThrow(
      "sealed secret for relay:1 is not base64",
    );
  });

  it.each(["", "short", toBase64(new Uint8Array(31)), toBase64(new Uint8Array(33)), "%"])(
    "refuse the key %j",
    async (key) => {
      await expect(seal(key, "p", "s")).rejects.toThrow("ENCRYPTION_KEY must be 32 bytes");
      await expect(open(key, "p", toBase64(new Uint8Array(40)))).rejects.toThrow("ENCRYPTION_KEY");
    },
  );
});

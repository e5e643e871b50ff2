// Return paths: what a token says survives the case, and nothing else is believed (A-054, 5.2 bounce
// forgery).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RETURN_PATH_DAYS, returnPathsOf } from "../../src/inbound/verp.ts";
import { fromBase32, toBase32 } from "../../src/lib/base32.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import type { Config, NamedSecret } from "../../src/model/config.ts";
import type { ReturnPaths } from "../../src/model/return-path.ts";
import { testLinks, tokenOf } from "../support/tracking.ts";
import { testApp } from "../support/world.ts";

const NOW = Date.UTC(2026, 10, 21, 10);
const DAY = 24 * 60 * 60 * 1000;
const PLACE = { messageId: uuidv7(NOW), position: 999 };
const DOMAIN = "bounce.example.com";

function pathsOf(change: Partial<Config> = {}): ReturnPaths {
  return returnPathsOf({ ...testApp().config, ...change });
}

const paths = pathsOf();
const key = (id: string, byte: number): NamedSecret => ({
  id,
  secret: new Uint8Array(32).fill(byte),
});

async function kindOf(address: string, now = NOW): Promise<string> {
  return (await paths.read(address, now)).kind;
}

function tokenIn(address: string): string {
  return address.slice(2, address.indexOf("@"));
}

describe("a return path", () => {
  it("says what was signed, the same at every attempt, in any case, at any domain", async () => {
    const address = await paths.addressOf(PLACE, DOMAIN);
    expect(address).toMatch(/^b\+[a-z2-7]+@bounce\.example\.com$/);
    expect(await pathsOf().addressOf(PLACE, DOMAIN)).toBe(address);
    for (const one of [address, address.toUpperCase(), address.replace(DOMAIN, "x.example")]) {
      expect(await paths.read(one, NOW)).toEqual({ kind: "place", ...PLACE });
    }
  });

  it("has a local part of at most 64 octets, also with the longest key id", async () => {
    const long = pathsOf({ linkKeys: [key("abcdefgh", 1)] });
    for (const position of [0, 999, 65_535]) {
      const address = await long.addressOf({ ...PLACE, position }, DOMAIN);
      expect(address.indexOf("@")).toBeLessThanOrEqual(64);
      expect(await long.read(address, NOW)).toMatchObject({ kind: "place", position });
    }
  });

  it("is good for 60 days from the accept, to the millisecond", async () => {
    const address = await paths.addressOf(PLACE, DOMAIN);
    const end = NOW + RETURN_PATH_DAYS * DAY;
    expect([await kindOf(address, end), await kindOf(address, end + 1)]).toEqual([
      "place",
      "expired",
    ]);
  });

  it("outlives its key's turn to sign: the first signs, all verify", async () => {
    const [a, b] = [key("a", 1), key("B", 2)];
    const derived = await paths.addressOf(PLACE, DOMAIN);
    const old = await pathsOf({ linkKeys: [a] }).addressOf(PLACE, DOMAIN);
    const now = pathsOf({ linkKeys: [b, a] });
    const current = await now.addressOf(PLACE, DOMAIN);
    for (const address of [derived, old, current, current.toUpperCase()]) {
      expect(await now.read(address, NOW)).toMatchObject({ kind: "place" });
    }
    const without = pathsOf({ linkKeys: [b] });
    expect(await without.read(old, NOW)).toEqual({ kind: "forged" });
  });
});

describe("a forged return path", () => {
  it("with any one bit changed is refused", async () => {
    const bytes = fromBase32(tokenIn(await paths.addressOf(PLACE, DOMAIN))) ?? new Uint8Array();
    expect(bytes.length).toBe(30);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await kindOf(`b+${toBase32(changed)}@${DOMAIN}`), String(bit)).toBe("forged");
    }
  });

  it("of 1,000 random tokens none is believed", async () => {
    for (let n = 0; n < 1_000; n++) {
      const bytes = crypto.getRandomValues(new Uint8Array(30));
      // Every second one looks right: version, key id, a message of now.
      if (n % 2 === 0) bytes.set([0x11, 0x30]);
      expect(await kindOf(`b+${toBase32(bytes)}@${DOMAIN}`)).toBe("forged");
    }
  });

  it("is refused when it is noise, cut, longer, or in another spelling", async () => {
    const token = tokenIn(await paths.addressOf(PLACE, DOMAIN));
    const others = ["", token.slice(1), token.slice(0, -1), `${token}a`, `${token}=`, ` ${token}`];
    for (const other of others) expect(await kindOf(`b+${other}@${DOMAIN}`)).toBe("forged");
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (noise) => {
        expect(["forged", "other"]).toContain(await kindOf(noise));
        expect(await kindOf(`b+${noise.replaceAll("@", "")}@x`)).toBe("forged");
      }),
      { numRuns: 200 },
    );
    expect(await kindOf(`b+${"a".repeat(1_000_000)}@${DOMAIN}`)).toBe("forged");
  });

  it("is refused when another deployment signed it, or it was signed for a link", async () => {
    const other = pathsOf({ encryptionKey: btoa("x".repeat(32)) });
    expect(await kindOf(await other.addressOf(PLACE, DOMAIN))).toBe("forged");
    const open = await tokenOf(testLinks(), { kind: "open", ...PLACE });
    expect(await kindOf(`b+${open}@${DOMAIN}`)).toBe("forged");
  });

  it("is none at all under another name", async () => {
    const token = tokenIn(await paths.addressOf(PLACE, DOMAIN));
    for (const address of [`${token}@${DOMAIN}`, `c+${token}@${DOMAIN}`, "postmaster@x", "b", ""]) {
      expect(await kindOf(address)).toBe("other");
    }
  });
});

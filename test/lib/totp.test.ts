// RFC 6238 Appendix B (SHA-1) and RFC 4226 Appendix D, word for word; and the steps around a moment.
import { describe, expect, it } from "vitest";
import { fromBase32 } from "../../src/lib/base32.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import { codeAt, otpauthUri, stepAt, stepOf } from "../../src/lib/totp.ts";
import { makeRecoveryCodes, makeSecret, secretBytes } from "../../src/model/second-factor.ts";

const SECRET = utf8("12345678901234567890");

describe("codes", () => {
  it.each([
    [59, "94287082"],
    [1111111109, "07081804"],
    [1111111111, "14050471"],
    [1234567890, "89005924"],
    [2000000000, "69279037"],
    [20000000000, "65353130"],
  ])("of the second %i are %s", async (seconds, code) => {
    expect(await codeAt(SECRET, stepAt(seconds * 1_000), 8)).toBe(code);
    expect(await codeAt(SECRET, stepAt(seconds * 1_000))).toBe(code.slice(2));
  });

  it("of a counter are those of RFC 4226", async () => {
    const codes = await Promise.all(Array.from({ length: 10 }, (_, n) => codeAt(SECRET, n)));
    const first = ["755224", "287082", "359152", "969429", "338314"];
    expect(codes).toEqual([...first, "254676", "287922", "162583", "399871", "520489"]);
  });

  it("count a step before and after, and no further", async () => {
    const now = 1_234_567_890_000;
    const step = stepAt(now);
    for (const drift of [-2, -1, 0, 1, 2]) {
      const code = await codeAt(SECRET, step + drift);
      const found = await stepOf(SECRET, code, now);
      expect([drift, found]).toEqual([drift, Math.abs(drift) <= 1 ? step + drift : null]);
    }
    for (const code of ["", "12345", "1234567", "abcdef"]) {
      expect(await stepOf(SECRET, code, now)).toBe(null);
    }
  });
});

it("an app is told a secret as it expects", () => {
  const uri = otpauthUri({ issuer: "Edgepost", account: "a+b@people.test", secret: "ABC" });
  expect(uri).toBe("otpauth://totp/Edgepost:a%2Bb%40people.test?secret=ABC&issuer=Edgepost");
  const secret = makeSecret();
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(secretBytes(secret)).toEqual(fromBase32(secret));
  expect(new Set([secret, makeSecret(), makeSecret()]).size).toBe(3);
});

it("recovery codes are ten, all different, in groups that can be typed", () => {
  const codes = makeRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
});

// Passwords at rest: the form, the salt, and that nobody is answered as slowly as somebody.
import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword, isPassword } from "../../src/lib/password.ts";

describe("a password", () => {
  it("is kept as scrypt with its cost, its own salt and the hash, and is known again", () => {
    const hashed = hashPassword("correct horse battery");
    const [scheme, n, r, p, salt = "", hash = ""] = hashed.split("$");
    expect([scheme, n, r, p]).toEqual(["scrypt", "16384", "8", "5"]);
    const cost = { N: 16_384, r: 8, p: 5 };
    const wanted = scryptSync("correct horse battery", Buffer.from(salt, "base64url"), 32, cost);
    expect(hash).toBe(wanted.toString("base64url"));
    expect(isPassword("correct horse battery", hashed)).toBe(true);
    expect(isPassword("correct horse batterz", hashed)).toBe(false);
    expect(hashPassword("correct horse battery")).not.toBe(hashed);
  });

  it("is the same however its letters were composed", () => {
    expect(isPassword("cafe\u0301 au lait", hashPassword("caf\u00e9 au lait"))).toBe(true);
  });

  it("is nobody's where there is none", () => {
    expect(isPassword("", null)).toBe(false);
  });

  it("is not judged by a stored text of another form", () => {
    expect(() => isPassword("x", "scrypt$1$8$5$AAAA$AAAA")).toThrow("not of the form");
  });
});

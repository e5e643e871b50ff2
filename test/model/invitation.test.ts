// Tokens of invitations: good for one user, one password and one week, and for nobody who changes a character.
import { describe, expect, it } from "vitest";
import { claimOf, invitationsOf, invitationUrl } from "../../src/model/invitation.ts";

const KEY = "dGVzdC1vbmx5LWtleS0zMi1ieXRlcy1sb25nLTAwMDA=";
const CLAIM = { userId: "0189abcd-0000-7000-8000-000000000001", expiresAt: Date.UTC(2026, 10, 28) };
const invitations = invitationsOf(KEY);
const holder = (password: string | null) => ({ password, role: "support" }) as const;
const NEW = holder(null);

describe("the token of an invitation", () => {
  it("says whose it is and until when, and fits into a URL", async () => {
    const token = await invitations.token(CLAIM, NEW);
    expect(claimOf(token)).toEqual(CLAIM);
    expect(encodeURIComponent(token)).toBe(token);
    expect(invitationUrl("https://a.test", token)).toBe(
      `https://a.test/portal#/invitation/${token}`,
    );
  });

  it("is good until the password is another one", async () => {
    for (const password of [null, "scrypt$1"]) {
      const token = await invitations.token(CLAIM, holder(password));
      expect(await invitations.isGood(token, holder(password))).toBe(true);
      expect(await invitations.isGood(token, holder("scrypt$2"))).toBe(false);
    }
    const used = await invitations.token(CLAIM, holder("scrypt$1"));
    expect(await invitations.isGood(used, NEW)).toBe(false);
  });

  it("is not good for who became something else, whoever kept it", async () => {
    const token = await invitations.token(CLAIM, holder("scrypt$1"));
    const promoted = { password: "scrypt$1", role: "super_admin" } as const;
    expect(await invitations.isGood(token, promoted)).toBe(false);
  });

  it("is not good with any character changed, or of another deployment", async () => {
    const token = await invitations.token(CLAIM, NEW);
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "0" ? "1" : "0";
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      expect(await invitations.isGood(changed, NEW)).toBe(false);
    }
    expect(await invitationsOf("b3RoZXI=").isGood(token, NEW)).toBe(false);
  });

  it.each(["", "x", "..", "a.b.c", `${CLAIM.userId}.zzzzzzzzz.`])("is none: %s", (text) => {
    expect(claimOf(text)).toBe(null);
  });
});

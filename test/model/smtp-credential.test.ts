// User names in address form, passwords, and what a credential may do.
import { expect, it } from "vitest";
import {
  isUsable,
  keyOf,
  makeCredentialId,
  makePassword,
  parseUsername,
  type SmtpCredential,
  usernameOf,
} from "../../src/model/smtp-credential.ts";

const CREDENTIAL: SmtpCredential = {
  id: makeCredentialId(),
  name: "shop",
  domain: "edgepost.test",
  senderDomain: "a.test",
  mailClass: "marketing",
  requireTls: false,
  createdAt: 5,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

it("a user name reads back as its id and domain, in any case", () => {
  const name = usernameOf(CREDENTIAL);
  expect(name).toMatch(/^[a-z2-7]{16}@edgepost\.test$/);
  for (const written of [name, name.toUpperCase()]) {
    expect(parseUsername(written)).toEqual({ id: CREDENTIAL.id, domain: "edgepost.test" });
  }
});

it.each(["", "user", "user@", "@edgepost.test", "user-name", `${CREDENTIAL.id}@`, "a b@c.test"])(
  "%j is a user name of nobody",
  (text) => {
    expect(parseUsername(text)).toEqual({ id: "", domain: "" });
  },
);

it("a password has 32 letters and digits, and is another each time", () => {
  expect(makePassword()).toMatch(/^[0-9A-Za-z]{32}$/);
  expect(makePassword()).not.toBe(makePassword());
});

it("it is of use until it is revoked or expires", () => {
  expect(isUsable(CREDENTIAL, 10)).toBe(true);
  expect(isUsable({ ...CREDENTIAL, revokedAt: 1 }, 10)).toBe(false);
  expect(isUsable({ ...CREDENTIAL, expiresAt: 11 }, 10)).toBe(true);
  expect(isUsable({ ...CREDENTIAL, expiresAt: 10 }, 10)).toBe(false);
});

it("it sends, within its domain and class, and does nothing else", () => {
  expect(keyOf(CREDENTIAL)).toMatchObject({
    id: CREDENTIAL.id,
    scopes: ["send"],
    domain: "a.test",
    mailClass: "marketing",
  });
});

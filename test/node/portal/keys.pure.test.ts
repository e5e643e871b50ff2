// The parts of the keys, SMTP, settings and audit screens that need no browser.
import { describe, expect, it } from "vitest";
import { mailClasses } from "../../../portal/lib/session.ts";
import {
  type Entry,
  outcomeOf,
  targetOf,
  walkText,
  whoOf,
} from "../../../portal/screens/audit/entry.ts";
import {
  bodyOf,
  boundsText,
  curlOf,
  type Key,
  mayText,
  NO_KEY,
  stateOf,
} from "../../../portal/screens/keys/key.ts";
import { type Account, changeOf, deletes } from "../../../portal/screens/settings/account.ts";
import { bodyOf as credentialOf, NO_CREDENTIAL } from "../../../portal/screens/smtp/credential.ts";
import { snippetsOf } from "../../../portal/screens/smtp/programs.ts";

const KEY: Key = {
  id: "1",
  name: "Shop",
  family: "kasplo",
  scopes: ["send", "read"],
  domain: null,
  mail_class: null,
  limits: { per_second: null, burst: null, daily: null },
  hint: "ep_live_…abcd",
  created_at: "2026-11-21T10:00:00.000Z",
  expires_at: null,
  previous_until: null,
  revoked_at: null,
  last_used_at: null,
};

describe("a new key", () => {
  it("asks for nothing that was left empty", () => {
    expect(bodyOf({ ...NO_KEY, name: "Shop" })).toEqual({
      name: "Shop",
      family: "kasplo",
      scopes: ["send"],
    });
  });

  it("asks for what was filled in", () => {
    const limits = { per_second: "", burst: "", daily: "50" };
    const filled = { domain: " a.test ", mailClass: "marketing", expires: "2027-01-01", limits };
    expect(bodyOf({ ...NO_KEY, name: "Shop", ...filled })).toMatchObject({
      domain: "a.test",
      mailClass: "marketing",
      expires_at: "2027-01-01",
      limits: { daily: 50 },
    });
  });

  it.each([
    ["super_admin", ["marketing"], ["transactional", "marketing"]],
    ["developer", ["marketing"], ["marketing"]],
    ["developer", ["marketing", "transactional"], ["transactional", "marketing"]],
    ["developer", [], ["transactional", "marketing"]],
  ])("of a %s with %o may be for %o", (role, granted, classes) => {
    const modules = granted.map((mail_class) => ({ module: "transactional", mail_class }));
    const user = { id: "", email: "", name: "", role };
    expect(mailClasses({ user, permissions: {}, scopes: [], modules })).toEqual(classes);
  });
});

describe("a key in words", () => {
  it.each([
    [KEY, "send, read", ""],
    [{ ...KEY, family: "audience", scopes: ["read"] }, "Audience API: read", ""],
    [
      { ...KEY, domain: "a.test", mail_class: "marketing", limits: { ...KEY.limits, daily: 5 } },
      "send, read",
      "a.test, marketing mail, 5 a day",
    ],
  ])("%o", (key, may, bounds) => {
    expect([mayText(key), boundsText(key)]).toEqual([may, bounds]);
  });

  it.each([
    [null, null, "active"],
    ["2026-11-21T10:00:00Z", null, "expired"],
    ["2026-11-21T10:00:01Z", null, "active"],
    ["2026-11-21T10:00:00Z", "2026-11-20T10:00:00Z", "revoked"],
  ])("until %s, revoked %s: %s", (expires_at, revoked_at, state) => {
    const now = Date.parse("2026-11-21T10:00:00Z");
    expect(stateOf({ expires_at, revoked_at }, now)).toBe(state);
  });
});

describe("the call with a key", () => {
  const at = { origin: "https://mail.test", from: "o'neill@a.test", sid: "5id", org_id: "7" };
  it.each([
    ["kasplo", ["send"], "https://mail.test/v1/send-email"],
    ["kasplo", ["read"], "https://mail.test/v1/messages"],
    ["kasapost", ["send"], "https://mail.test/api/v2/kasapost/send/"],
    ["audience", ["read"], "https://mail.test/audience/v1/5id/list -H 'api-key: SECRET'"],
    ["mailing_lists", ["read"], "https://mail.test/ga/api/v2/mailing_lists -u '7:SECRET'"],
  ])("of %s with %o asks %s", (family, scopes, call) => {
    const { text } = curlOf({ ...KEY, family, scopes }, "SECRET", at);
    expect(text).toContain(`curl ${call}`);
    expect(text).toContain("SECRET");
  });

  it("is one word of the shell, whatever the sender is called", () => {
    expect(curlOf(KEY, "SECRET", at).text).toContain(String.raw`"from":"o'\''neill@a.test"`);
  });
});

describe("the settings of programs", () => {
  const login = { username: "abc@a.test", password: "Secret0", from: "hello@a.test" };
  const TLS = {
    starttls: {
      WordPress: "'tls'",
      Laravel: "MAIL_SCHEME=smtp\n",
      Django: "EMAIL_USE_TLS = True",
      Rails: "enable_starttls: true",
      Nodemailer: "requireTLS: true",
      Postfix: "smtp_tls_security_level = encrypt",
      swaks: "--tls ",
    },
    implicit: {
      WordPress: "'ssl'",
      Laravel: "MAIL_SCHEME=smtps\n",
      Django: "EMAIL_USE_SSL = True",
      Rails: "tls: true",
      Nodemailer: "secure: true",
      Postfix: "smtp_tls_wrappermode = yes",
      swaks: "--tls-on-connect",
    },
    none: {
      WordPress: "SMTPAutoTLS = false",
      Laravel: "MAIL_SCHEME=smtp\n",
      Django: "EMAIL_USE_TLS = False",
      Rails: "enable_starttls_auto: false",
      Nodemailer: "ignoreTLS: true",
      Postfix: "smtp_tls_security_level = none",
      swaks: "--port 2525 ",
    },
  } as const;

  it.each(["starttls", "implicit", "none"] as const)("name server, login and %s", (tls) => {
    const snippets = snippetsOf({ host: "smtp.a.test", port: 2525, tls }, login);
    expect(snippets.map(({ program }) => program)).toEqual(Object.keys(TLS[tls]));
    const words = Object.values(TLS[tls]);
    for (const [index, { text }] of snippets.entries()) {
      for (const part of ["smtp.a.test", "2525", "abc@a.test", "Secret0", words[index] ?? "?"]) {
        expect(text.replaceAll("\\\n", "\n")).toContain(part);
      }
    }
  });
});

it("a new SMTP credential asks for nothing that was left empty", () => {
  expect(credentialOf({ ...NO_CREDENTIAL, name: "Blog", domain: " a.test " })).toEqual({
    name: "Blog",
    domain: "a.test",
    require_tls: false,
  });
});

describe("a change of settings", () => {
  const ACCOUNT: Account = {
    retention_days: 60,
    content_retention_days: 7,
    soft_bounce_count: 3,
    soft_bounce_days: 3,
    sid: "",
    org_id: "",
    plan: "enterprise",
    limits: { attachment_bytes: 0, recipients: 0, per_second: 0, burst: 0, daily: null },
    default_sender: null,
  };

  it.each([
    [{}, null, false],
    [{ retention_days: "60" }, null, false],
    [{ retention_days: "90" }, { retention_days: 90 }, false],
    [{ retention_days: "30" }, { retention_days: 30 }, true],
    [
      { content_retention_days: "1", soft_bounce_count: "0" },
      { content_retention_days: 1, soft_bounce_count: 0 },
      true,
    ],
    [{ soft_bounce_days: "" }, null, false],
  ])("%o is %o, and deletes: %s", (typed, change, isDeleting) => {
    expect(changeOf(ACCOUNT, typed)).toEqual(change);
    expect(change !== null && deletes(ACCOUNT, change)).toBe(isDeleting);
  });
});

describe("an entry of the audit log", () => {
  const ID = "01890000-0000-7000-8000-000000000001";
  const names = new Map([[ID, "ann@a.test"]]);
  const entry: Entry = {
    position: 1,
    at: "2026-11-21T10:00:00.000Z",
    kind: "asked",
    key_id: ID,
    ip: "192.0.2.1",
    operation: "PATCH /users/:id",
    target: `id=${ID}`,
    detail: "role=admin",
  };

  it.each([
    [entry, "ann@a.test", "id=ann@a.test role=admin", ""],
    [
      { ...entry, key_id: "gone", kind: "refused", detail: "invalid_field" },
      "gone",
      "id=ann@a.test",
      "refused: invalid field",
    ],
    [
      { ...entry, key_id: null, kind: "domain_state", target: "domain=a.test", detail: "drifted" },
      "Edgepost itself",
      "domain=a.test",
      "now drifted",
    ],
  ] as const)("%o", (one, who, target, outcome) => {
    expect([whoOf(one, names), targetOf(one, names), outcomeOf(one)]).toEqual([
      who,
      target,
      outcome,
    ]);
  });

  it("is found where somebody meddled", () => {
    expect(walkText({ checked: 3, firstBroken: null })).toMatch(/^All 3 entries/);
    expect(walkText({ checked: 3, firstBroken: 2 })).toMatch(/^Entry 2 /);
  });
});

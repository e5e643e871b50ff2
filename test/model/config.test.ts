// The variables of a deployment: what they mean, and that a wrong one stops the Worker with its name and
// without its value.
import { describe, expect, it } from "vitest";
import { parseConfig, parseRelayUrl } from "../../src/model/config.ts";

const LEAST = { ENCRYPTION_KEY: "key", DOH_URL: "https://dns.example/dns-query" };

describe("parseConfig", () => {
  it("is safe where nothing is said", () => {
    expect(parseConfig(LEAST)).toEqual({
      encryptionKey: "key",
      defaultRelay: null,
      dohUrl: LEAST.DOH_URL,
      localDev: false,
      ehloName: "[127.0.0.1]",
      ownHosts: [],
      databaseCapacityBytes: 10_000_000_000,
      publicUrl: null,
      linkKeys: [],
      gatewaySecrets: [],
      smtpGateway: null,
      accountName: "edgepost",
      deliveryHold: false,
      spfMechanisms: null,
      inboundExchanges: [1, 2, 3].map((n) => `route${n}.mx.cloudflare.net`),
      faultPlan: null,
    });
  });

  it("reads every variable, and ignores bindings", () => {
    const config = parseConfig({
      ...LEAST,
      DB: {},
      RELAY_URL: "smtps://u:p@relay.example.com",
      LOCAL_DEV: "true",
      EHLO_NAME: "mail.example.com",
      OWN_HOSTS: " A.example.com,b.EXAMPLE.com , ,c",
      DATABASE_CAPACITY_BYTES: "1000",
      FAULT_PLAN: '{"url":"http://127.0.0.1:1","at":"C1"}',
    });
    expect(config).toMatchObject({
      defaultRelay: { host: "relay.example.com" },
      localDev: true,
      ehloName: "mail.example.com",
      ownHosts: ["a.example.com", "b.example.com", "c"],
      databaseCapacityBytes: 1_000,
      faultPlan: { url: "http://127.0.0.1:1", at: "C1" },
    });
  });

  it.each([
    ["ENCRYPTION_KEY", { ENCRYPTION_KEY: undefined }],
    ["ENCRYPTION_KEY", { ENCRYPTION_KEY: "" }],
    ["DOH_URL", { DOH_URL: "dns.example" }],
    ["DOH_URL", { DOH_URL: undefined }],
    ["LOCAL_DEV", { LOCAL_DEV: "yes" }],
    ["LOCAL_DEV", { LOCAL_DEV: "TRUE" }],
    ["LOCAL_DEV", { LOCAL_DEV: true }],
    ["EHLO_NAME", { EHLO_NAME: "a b" }],
    ["EHLO_NAME", { EHLO_NAME: "a\r\nQUIT" }],
    ["EHLO_NAME", { EHLO_NAME: "" }],
    ["DATABASE_CAPACITY_BYTES", { DATABASE_CAPACITY_BYTES: "0" }],
    ["DATABASE_CAPACITY_BYTES", { DATABASE_CAPACITY_BYTES: "10 GB" }],
    ["RELAY_URL", { RELAY_URL: "relay.example.com:587" }],
    ["RELAY_URL", { RELAY_URL: "https://relay.example.com" }],
    ["RELAY_URL", { RELAY_URL: "smtp://" }],
    ["RELAY_URL", { RELAY_URL: "smtp://user:hunter2%@relay.example.com" }],
    ["RELAY_URL", { RELAY_URL: "smtp://us%er:hunter2@relay.example.com" }],
    ["RELAY_URL", { RELAY_URL: "smtp://user:hunter2@relay.example.com:99999" }],
  ])("stops at a wrong %s: %j", (name, change) => {
    const parse = () => parseConfig({ ...LEAST, ...change });
    expect(parse).toThrow(name);
    expect(parse).not.toThrow("hunter2");
  });
});

describe("parseRelayUrl", () => {
  const REMOTE = { username: null, password: null, allowCleartextAuth: false };

  it.each([
    ["smtps://mx.example.com", { host: "mx.example.com", port: 465, tls: "implicit" }],
    ["smtps://mx.example.com:2525", { host: "mx.example.com", port: 2525, tls: "implicit" }],
    ["smtp://mx.example.com", { host: "mx.example.com", port: 587, tls: "starttls" }],
    ["smtp://192.0.2.1:2525", { host: "192.0.2.1", port: 2525, tls: "starttls" }],
    ["smtp://[2001:db8::1]", { host: "2001:db8::1", port: 587, tls: "starttls" }],
    ["smtp://127.0.0.1:2525", { host: "127.0.0.1", port: 2525, tls: "starttls" }],
  ])("reads %s", (text, wanted) => {
    expect(parseRelayUrl(text, false)).toEqual({ ...REMOTE, ...wanted });
  });

  it("decodes the login", () => {
    const login = parseRelayUrl("smtps://a%40b.test:p%3A%2F%40%C3%A4%25@mx.example.com", false);
    expect([login.username, login.password]).toEqual(["a@b.test", "p:/@ä%"]);
  });

  it.each(["smtp://127.0.0.1:2525", "smtp://localhost:2525", "smtp://[::1]:2525"])(
    "needs no TLS for %s in local development",
    (text) => {
      expect(parseRelayUrl(text, true)).toMatchObject({ tls: "none", allowCleartextAuth: true });
    },
  );

  it.each(["smtp://mx.example.com", "smtp://127.0.0.1.example.com", "smtp://10.0.0.1"])(
    "needs TLS for %s even in local development",
    (text) => {
      expect(parseRelayUrl(text, true)).toMatchObject({
        tls: "starttls",
        allowCleartextAuth: false,
      });
    },
  );

  it("keeps TLS from the first byte on loopback too", () => {
    expect(parseRelayUrl("smtps://localhost:4650", true).tls).toBe("implicit");
  });
});

const ENV = { ENCRYPTION_KEY: "a2V5", DOH_URL: "https://dns.example/dns-query" };
const KEY = btoa("k".repeat(32));
const OTHER = btoa("o".repeat(40));

describe("SMTP_GATEWAY", () => {
  it.each([
    ["smtp://smtp.example.com", "false", { host: "smtp.example.com", port: 587, tls: "starttls" }],
    [
      "smtps://smtp.example.com/",
      "false",
      { host: "smtp.example.com", port: 465, tls: "implicit" },
    ],
    ["smtp://127.0.0.1:2587", "true", { host: "127.0.0.1", port: 2587, tls: "none" }],
    ["smtp://127.0.0.1:2587", "false", { host: "127.0.0.1", port: 2587, tls: "starttls" }],
    ["", "false", null],
  ])("%s, LOCAL_DEV %s, is told as it is", (SMTP_GATEWAY, LOCAL_DEV, gateway) => {
    expect(parseConfig({ ...LEAST, SMTP_GATEWAY, LOCAL_DEV }).smtpGateway).toEqual(gateway);
  });

  it.each(["smtp.example.com", "https://smtp.example.com", "smtp://u:geheim@a.example", "smtp://"])(
    "%s is refused, and not repeated",
    (SMTP_GATEWAY) => {
      const parse = () => parseConfig({ ...LEAST, SMTP_GATEWAY });
      expect(parse).toThrow("SMTP_GATEWAY must look like");
      expect(parse).not.toThrow("geheim");
    },
  );
});

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

it("GATEWAY_SECRETS are several, and as long as keys of links", () => {
  const { gatewaySecrets } = parseConfig({ ...ENV, GATEWAY_SECRETS: `new:${KEY},old:${OTHER}` });
  expect(gatewaySecrets.map(({ id, secret }) => [id, secret.length])).toEqual([
    ["new", 32],
    ["old", 40],
  ]);
  for (const GATEWAY_SECRETS of [KEY, "a:c2hvcnQ=", `a:${KEY},a:${OTHER}`]) {
    expect(() => parseConfig({ ...ENV, GATEWAY_SECRETS })).toThrow("GATEWAY_SECRETS");
  }
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

  it("reads what sender domains are told", () => {
    const config = parseConfig({
      ...LEAST,
      ACCOUNT_NAME: "acme",
      SPF_MECHANISMS: " include:amazonses.com  ip4:192.0.2.1 ",
      INBOUND_MX: "MX1.example.com, mx2.example.com",
    });
    expect(config).toMatchObject({
      accountName: "acme",
      spfMechanisms: ["include:amazonses.com", "ip4:192.0.2.1"],
      inboundExchanges: ["mx1.example.com", "mx2.example.com"],
    });
  });

  it.each([
    ["ACCOUNT_NAME", "a b"],
    ["ACCOUNT_NAME", "a\r\nBcc: x"],
    ["SPF_MECHANISMS", "amazonses.com"],
    ["SPF_MECHANISMS", " "],
    ["INBOUND_MX", "localhost"],
  ])("refuses %s=%j and names it", (name, value) => {
    expect(() => parseConfig({ ...LEAST, [name]: value })).toThrow(name);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkRelayHost, checkUrl } from "../../src/lib/public-address.ts";
import { startHttpReceiver, type HttpReceiver } from "../peers/client.ts";

/** A resolver that nobody may ask: targets that are refused without DNS. */
const NO_DNS = {
  config: { dohUrl: "https://dns.invalid/", localDev: false, ownHosts: ["api.own.example"] },
  fetch: async (request: Request): Promise<Response> => {
    throw new Error(`asked ${request.url}`);
  },
};

const LOCAL = { ...NO_DNS, config: { ...NO_DNS.config, localDev: true } };

/** Each must be refused without a request; PORT stands for the port of the canary. */
const FORBIDDEN: readonly string[] = [
  // This machine, in every spelling that a URL parser understands.
  "http://127.0.0.1:PORT/",
  "https://127.0.0.1/",
  "http://127.1:PORT/",
  "http://127.0.1:PORT/",
  "http://2130706433:PORT/",
  "http://017700000001:PORT/",
  "http://0177.0.0.1:PORT/",
  "http://0x7f000001:PORT/",
  "http://0x7f.0x0.0x0.0x1:PORT/",
  "http://0x7f.1:PORT/",
  "http://127.0.0.1.:PORT/",
  "http://１２７.０.０.１:PORT/",
  "http://127。0。0。1:PORT/",
  "http://127.255.255.254:PORT/",
  "http://0.0.0.0:PORT/",
  "http://0:PORT/",
  "http://[::]:PORT/",
  "http://[::1]:PORT/",
  "http://[0:0:0:0:0:0:0:1]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://[::ffff:7f00:1]:PORT/",
  "http://[::127.0.0.1]:PORT/",
  "http://[64:ff9b::127.0.0.1]:PORT/",
  "http://[64:ff9b:1::7f00:1]:PORT/",
  "http://[2002:7f00:1::]:PORT/",
  "http://[2001:0:7f00:1::]:PORT/",
  "http://localhost:PORT/",
  "http://LOCALHOST:PORT/",
  "http://localhost.:PORT/",
  "http://a.localhost:PORT/",
  "http://localhost.localdomain:PORT/",
  // Metadata services and private networks.
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/",
  "http://0xa9fea9fe/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/",
  "http://10.0.0.1/",
  "http://10.255.255.255/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.0.1/",
  "http://192.168.1/",
  "http://100.64.0.1/",
  "http://100.127.255.255/",
  "http://0.1.2.3/",
  "http://192.0.0.8/",
  "http://192.0.2.1/",
  "http://198.18.0.1/",
  "http://198.19.255.255/",
  "http://198.51.100.1/",
  "http://203.0.113.1/",
  "http://224.0.0.1/",
  "http://239.255.255.255/",
  "http://240.0.0.1/",
  "http://255.255.255.255/",
  "http://[fc00::1]/",
  "http://[fdff::1]/",
  "http://[fe80::1]/",
  "http://[fec0::1]/",
  "http://[ff02::1]/",
  "http://[100::1]/",
  "http://[2001:db8::1]/",
  "http://[2002:a00:1::]/",
  "http://[4000::1]/",
  "http://intranet/",
  "http://printer.local/",
  "http://db.internal/",
  "http://router.home.arpa/",
  "http://nas.lan/",
  "http://1.0.0.127.in-addr.arpa/",
  // Ports of other services.
  "http://hooks.example.com:22/",
  "http://hooks.example.com:25/",
  "https://hooks.example.com:465/",
  "http://hooks.example.com:587/",
  "http://hooks.example.com:2525/",
  "http://hooks.example.com:3306/",
  "http://hooks.example.com:5432/",
  "http://hooks.example.com:6379/",
  "http://hooks.example.com:9200/",
  "http://hooks.example.com:11211/",
  "http://hooks.example.com:27017/",
  // Not a plain http(s) URL.
  "file:///etc/passwd",
  "gopher://hooks.example.com/_",
  "ftp://hooks.example.com/",
  "javascript:fetch('http://127.0.0.1')",
  "data:text/plain,x",
  "//hooks.example.com/",
  "hooks.example.com",
  "",
  "http://",
  "http://user@hooks.example.com/",
  "http://user:password@hooks.example.com/",
  "http://hooks.example.com@127.0.0.1:PORT/",
  "http://hooks.example.com\\@127.0.0.1:PORT/",
  "http://127.0.0.1\t:PORT/",
  "http://hooks.example.com/\r\nHost: x",
  " http://hooks.example.com/",
  "https://api.own.example/v1/send-email",
  "http://hooks..example.com/",
  `http://hooks.example.com/${"a".repeat(2_048)}`,
];

describe("checkUrl", () => {
  let canary: HttpReceiver;
  beforeAll(async () => {
    canary = await startHttpReceiver();
  });
  afterAll(async () => {
    expect(await canary.requests()).toEqual([]);
    await canary.stop();
  });

  it("has a table of at least 60 targets", () => {
    expect(new Set(FORBIDDEN).size).toBe(FORBIDDEN.length);
    expect(FORBIDDEN.length).toBeGreaterThanOrEqual(60);
  });

  it.each(FORBIDDEN)("refuses %s without asking anybody", async (template) => {
    const target = template.replace("PORT", new URL(canary.url).port);
    const judged = await checkUrl(NO_DNS, target);
    if (judged.ok) await fetch(target, { method: "POST" });
    expect(judged).toMatchObject({ ok: false, error: { kind: "forbidden" } });
  });

  it.each(["https://8.8.8.8/", "http://1.1.1.1:8080/", "https://[2606:4700::1111]/"])(
    "allows the public address %s",
    async (target) => {
      expect(await checkUrl(NO_DNS, target)).toEqual({ ok: true, value: undefined });
    },
  );

  it.each(["http://127.0.0.1:3000/", "http://[::1]:6379/", "http://localhost:1024/hook"])(
    "allows %s in local development, without DNS",
    async (target) => {
      expect((await checkUrl(LOCAL, target)).ok).toBe(true);
    },
  );

  it.each([
    "http://127.0.0.1/",
    "http://localhost:25/",
    "http://10.0.0.1:3000/",
    "http://169.254.169.254/",
    "http://[::ffff:127.0.0.1]:3000/",
    "http://0.0.0.0:3000/",
    "http://a.localhost:3000/",
  ])("refuses %s in local development too", async (target) => {
    expect((await checkUrl(LOCAL, target)).ok).toBe(false);
  });
});

const PUBLIC = { type: 1, data: "93.184.215.14" };
const answer = (records: readonly object[], Status = 0) => ({
  headers: { "content-type": "application/dns-json" },
  body: JSON.stringify({ Status, Answer: records }),
});

async function judgeWith(
  replies: Parameters<typeof startHttpReceiver>[0],
  times = 1,
): Promise<readonly string[]> {
  const resolver = await startHttpReceiver(replies);
  const world = {
    config: { dohUrl: `${resolver.url}/dns-query`, localDev: false, ownHosts: ["api.own.example"] },
    fetch: (request: Request) => fetch(request),
  };
  const kinds: string[] = [];
  for (let time = 0; time < times; time++) {
    const judged = await checkUrl(world, "https://hooks.example.com/in");
    kinds.push(judged.ok ? "ok" : judged.error.kind);
  }
  await resolver.stop();
  return kinds;
}

describe("checkUrl with names", () => {
  it("asks for A and AAAA, and allows a name with public addresses only", async () => {
    const resolver = await startHttpReceiver({ replies: [answer([PUBLIC])] });
    const world = {
      config: {
        dohUrl: `${resolver.url}/dns-query?ct=json`,
        localDev: false,
        ownHosts: ["api.own.example"],
      },
      fetch: (request: Request) => fetch(request),
    };
    expect((await checkUrl(world, "https://hooks.example.com/in")).ok).toBe(true);
    const asked = (await resolver.requests()).map((request) => request.path).sort();
    await resolver.stop();
    expect(asked).toEqual([
      "/dns-query?ct=json&name=hooks.example.com&type=A",
      "/dns-query?ct=json&name=hooks.example.com&type=AAAA",
    ]);
  });

  it.each([
    ["a private address", [{ type: 1, data: "10.0.0.1" }]],
    ["a private address beside a public one", [PUBLIC, { type: 1, data: "169.254.169.254" }]],
    ["a private IPv6 address beside a public IPv4", [PUBLIC, { type: 28, data: "fd00::1" }]],
    [
      "a private address behind a CNAME",
      [
        { type: 5, data: "x.internal." },
        { type: 1, data: "192.168.0.1" },
      ],
    ],
    ["loopback", [{ type: 28, data: "::1" }]],
    ["an address that is none", [{ type: 1, data: "0x7f.1" }]],
  ])("refuses a name that leads to %s", async (_what, records) => {
    expect(await judgeWith({ replies: [answer(records)] })).toEqual(["forbidden"]);
  });

  it("refuses a name that was public before and is private now", async () => {
    const good = answer([PUBLIC]);
    const replies = [good, good, answer([{ type: 1, data: "127.0.0.1" }])];
    expect(await judgeWith({ replies }, 2)).toEqual(["ok", "forbidden"]);
  });

  it("tells a name without addresses", async () => {
    expect(await judgeWith({ replies: [answer([], 3)] })).toEqual(["no_address"]);
    expect(await judgeWith({ replies: [answer([])] })).toEqual(["no_address"]);
  });

  it.each([
    ["answers SERVFAIL", { replies: [answer([], 2)] }],
    ["answers 500", { replies: [{ status: 500 }] }],
    ["redirects", { replies: [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }] }],
    ["answers no JSON", { replies: [{ body: "<html>" }] }],
    ["closes", { replies: [{ drop: "close" as const }] }],
    ["hangs", { replies: [{ drop: "hang" as const }] }],
    ["answers only one of the two questions", { replies: [answer([PUBLIC]), { status: 500 }] }],
  ])("fails closed when the resolver %s", async (_what, replies) => {
    expect(await judgeWith(replies)).toEqual(["dns_unavailable"]);
  });
});

describe("checkRelayHost", () => {
  it.each([
    ["127.0.0.1", 587],
    ["localhost", 465],
    ["::1", 465],
    ["169.254.169.254", 587],
    ["2130706433", 587],
    ["8.8.8.8", 25],
    ["8.8.8.8", 6379],
    ["8.8.8.8", 443],
    ["smtp.example.com", 25],
    ["mail.internal", 587],
    ["8.8.8.8/", 587],
    ["user@8.8.8.8", 587],
    ["8.8.8.8:80", 587],
    ["[8.8.8.8", 587],
    ["", 587],
  ])("refuses %s port %i", async (host, port) => {
    expect((await checkRelayHost(NO_DNS, { host, port })).ok).toBe(false);
  });

  it.each([465, 587, 2525])("allows a public address on port %i", async (port) => {
    expect((await checkRelayHost(NO_DNS, { host: "8.8.8.8", port })).ok).toBe(true);
    expect((await checkRelayHost(NO_DNS, { host: "2606:4700::1111", port })).ok).toBe(true);
  });

  it("allows loopback from port 1024 in local development, private ranges never", async () => {
    expect((await checkRelayHost(LOCAL, { host: "localhost", port: 1025 })).ok).toBe(true);
    expect((await checkRelayHost(LOCAL, { host: "127.0.0.1", port: 1025 })).ok).toBe(true);
    expect((await checkRelayHost(LOCAL, { host: "127.0.0.1", port: 25 })).ok).toBe(false);
    expect((await checkRelayHost(LOCAL, { host: "10.0.0.1", port: 587 })).ok).toBe(false);
  });
});

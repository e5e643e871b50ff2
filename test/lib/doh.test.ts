// Names through DNS over HTTPS: what is asked, which answers are believed, and that everything else is
// "nobody could tell" and never an address.
import { describe, expect, it } from "vitest";
import { type DnsWorld, lookUp, resolveAddresses } from "../../src/lib/doh.ts";

type Responder = (type: string, request: Request) => Response | Promise<Response>;

/** A world whose resolver answers by record type; it keeps the requests. */
function world(respond: Responder): DnsWorld & { readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    asked,
    config: { dohUrl: "https://dns.example/dns-query?ct=1" },
    async fetch(request) {
      asked.push(request);
      return respond(new URL(request.url).searchParams.get("type") ?? "", request);
    },
  };
}

const A = { name: "x", type: 1, TTL: 5, data: "192.0.2.1" };
const AAAA = { name: "x", type: 28, TTL: 5, data: "2001:db8::1" };
const CNAME = { name: "x", type: 5, TTL: 5, data: "y.example." };

function records(answer: Readonly<Record<string, readonly object[]>>): Responder {
  return (type) => Response.json({ Status: 0, Answer: answer[type] ?? [] });
}

async function outcome(respond: Responder) {
  const resolved = await resolveAddresses(world(respond), "smtp.example.com");
  return resolved.ok ? resolved.value : resolved.error.kind;
}

describe("resolveAddresses", () => {
  it("asks the resolver of the configuration for A and AAAA of the name", async () => {
    const dns = world(records({ A: [A] }));
    await resolveAddresses(dns, "smtp.example.com");
    expect(dns.asked.map(({ url }) => url).toSorted()).toEqual([
      "https://dns.example/dns-query?ct=1&name=smtp.example.com&type=A",
      "https://dns.example/dns-query?ct=1&name=smtp.example.com&type=AAAA",
    ]);
    for (const { headers, redirect } of dns.asked) {
      expect([headers.get("accept"), redirect]).toEqual(["application/dns-json", "manual"]);
    }
  });

  it("keeps a hostile name inside its parameter", async () => {
    const dns = world(records({}));
    await resolveAddresses(dns, "a&type=TXT#/../x\r\nHost: y");
    for (const { url } of dns.asked) {
      expect(new URL(url).searchParams.getAll("type").length).toBe(1);
      expect(new URL(url).pathname).toBe("/dns-query");
    }
  });

  it.each([
    ["both kinds", { A: [A], AAAA: [AAAA] }, ["192.0.2.1", "2001:db8::1"]],
    ["one kind", { AAAA: [AAAA] }, ["2001:db8::1"]],
    ["what is behind a CNAME", { A: [CNAME, A] }, ["192.0.2.1"]],
    ["only what was asked for", { A: [A, AAAA] }, ["192.0.2.1"]],
    ["all of several", { A: [A, { ...A, data: "10.0.0.1" }] }, ["192.0.2.1", "10.0.0.1"]],
  ])("gives %s", async (_name, answer, addresses) => {
    expect(await outcome(records(answer))).toEqual(addresses);
  });

  it.each<readonly [string, Responder]>([
    ["has no such records", records({})],
    ["has a CNAME to nothing", records({ A: [CNAME], AAAA: [CNAME] })],
    ["does not exist", () => Response.json({ Status: 3 })],
    ["has no answer section", () => Response.json({ Status: 0 })],
  ])("says so when the name %s", async (_name, respond) => {
    expect(await outcome(respond)).toBe("no_address");
  });

  it.each<readonly [string, Responder]>([
    ["SERVFAIL", () => Response.json({ Status: 2 })],
    ["REFUSED", () => Response.json({ Status: 5 })],
    ["500", () => Response.json({ Status: 0, Answer: [A] }, { status: 500 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "//x" } })],
    ["HTML", () => new Response("<html>")],
    ["nothing", () => new Response(null)],
    ["another shape", () => Response.json({ status: 0, answer: [] })],
    ["records without data", () => Response.json({ Status: 0, Answer: [{ type: 1 }] })],
    ["too much", () => new Response(`{"Status":0,"x":"${"y".repeat(300_000)}"}`)],
    ["a network error", () => Promise.reject(new Error("connection refused"))],
    [
      "one kind only",
      (type) => Response.json(type === "A" ? { Status: 0, Answer: [A] } : { Status: 2 }),
    ],
  ])("does not know when the resolver answers %s", async (_name, respond) => {
    expect(await outcome(respond)).toBe("unavailable");
  });

  it("does not know when the resolver says nothing for three seconds", async () => {
    const silent = world(
      (_type, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    );
    const resolved = await resolveAddresses(silent, "smtp.example.com");
    expect(resolved).toEqual({
      ok: false,
      error: {
        kind: "unavailable",
        reason: "smtp.example.com could not be resolved: the resolver did not answer in time",
      },
    });
  });
});

describe("lookUp", () => {
  const TXT = (data: string) => ({ name: "x", type: 16, TTL: 5, data });

  it.each([
    ["one string", '"v=spf1 -all"', "v=spf1 -all"],
    ["a string without quotes", "v=spf1 -all", "v=spf1 -all"],
    ["several strings, joined", '"v=DKIM1; p=AB" "CD"', "v=DKIM1; p=ABCD"],
    ["escapes", String.raw`"a\"b\\c\059d"`, String.raw`a"b\c;d`],
    ["an empty string", '""', ""],
  ])("reads a TXT record of %s", async (_name, data, text) => {
    const dns = world(records({ TXT: [TXT(data)] }));
    expect(await lookUp(dns, "x.test", "TXT")).toEqual({ ok: true, value: [text] });
  });

  it("takes the dot from the end of host names", async () => {
    const mx = { name: "x", type: 15, TTL: 5, data: "10 mx.example.com." };
    const dns = world(records({ MX: [mx], CNAME: [CNAME] }));
    expect(await lookUp(dns, "x.test", "MX")).toEqual({ ok: true, value: ["10 mx.example.com"] });
    expect(await lookUp(dns, "x.test", "CNAME")).toEqual({ ok: true, value: ["y.example"] });
  });

  it("gives nothing for a name that does not exist, and the reason when nobody could tell", async () => {
    const none = world(() => Response.json({ Status: 3 }));
    expect(await lookUp(none, "x.test", "TXT")).toEqual({ ok: true, value: [] });
    const broken = await lookUp(
      world(() => Response.json({ Status: 2 })),
      "x.test",
      "TXT",
    );
    expect(broken).toMatchObject({ ok: false });
  });

  it("stops with the patience of who asks", async () => {
    const never = world(
      (_type, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(new Error("aborted"))),
        ),
    );
    const answer = await lookUp(never, "x.test", "TXT", AbortSignal.timeout(50));
    expect(answer.ok).toBe(false);
  });
});

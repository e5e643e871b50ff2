// /v1/domains and its neighbours at the front door: what is refused, changed and shown. The road through
// real DNS is test/node/verify/domains.test.ts.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ask, givenKey, testApp } from "../../support/world.ts";

let key = "";
beforeAll(async () => {
  key = (await givenKey()).secret;
});

/** A world in which no name has any record. */
const app = testApp({ fetch: async () => Response.json({ Status: 3 }) });

const shown = z.object({
  data: z.looseObject({
    domain: z.string(),
    state: z.string(),
    records: z.array(z.looseObject({ name: z.string(), type: z.string(), status: z.string() })),
  }),
});

async function add(body: object) {
  const answer = await ask(app, "POST", "/v1/domains", { key, body });
  return { status: answer.status, body: await answer.json() };
}

describe("/v1/domains", () => {
  it("adds a domain once, in A-labels, pending, with its records", async () => {
    const added = await add({ domain: " Bücher.Example " });
    expect(added.status).toBe(201);
    const { data } = shown.parse(added.body);
    expect(data).toMatchObject({
      domain: "xn--bcher-kva.example",
      state: "pending",
      return_path_domain: "bounce.xn--bcher-kva.example",
      tracking_domain: "links.xn--bcher-kva.example",
      return_path_ready: false,
    });
    expect(data.records.filter(({ type }) => type === "TXT").length).toBe(5);
    expect((await add({ domain: "xn--bcher-kva.example" })).status).toBe(409);
  });

  it("is added without a network, and says that nobody knows yet", async () => {
    const offline = testApp({ fetch: () => Promise.reject(new Error("no network")) });
    const body = { domain: "offline.example" };
    const answer = await ask(offline, "POST", "/v1/domains", { key, body });
    expect(answer.status).toBe(201);
    const { data } = shown.parse(await answer.json());
    expect(data.state).toBe("pending");
    expect(new Set(data.records.map(({ status }) => status))).toEqual(new Set(["unknown"]));
  });

  it("answers within 3 seconds when DNS never does", async () => {
    const hanging = testApp({
      fetch: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    });
    const begun = Date.now();
    const body = { domain: "hanging.example" };
    const answer = await ask(hanging, "POST", "/v1/domains", { key, body });
    expect(answer.status).toBe(201);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  it.each([
    ["domain", {}],
    ["domain", { domain: "localhost" }],
    ["domain", { domain: "a.test\r\nx" }],
    ["default_sender", { domain: "a.example", default_sender: "x@b.example" }],
    ["default_sender", { domain: "a.example", default_sender: "nobody" }],
    ["default_name", { domain: "a.example", default_name: "a\r\nBcc: x" }],
    ["return_path_domain", { domain: "a.example", return_path_domain: "bounce.b.example" }],
    ["return_path_domain", { domain: "a.example", return_path_domain: "a.example" }],
    ["tracking_domain", { domain: "a.example", tracking_domain: "evil-a.example" }],
  ])("refuses a wrong %s by name: %o", async (field, body) => {
    const refused = await add(body);
    expect(refused).toMatchObject({ status: 400, body: { error: { field } } });
  });

  it("shows, changes, lists in pages and removes", async () => {
    await add({ domain: "first.example" });
    await add({ domain: "second.example", tracking_domain: null });
    const path = "/v1/domains/first.example";
    const body = {
      default_sender: "hello@first.example",
      return_path_domain: "b.first.example",
      tracking: { clicks: false },
    };
    const changed = await ask(app, "PATCH", path, { key, body });
    expect(await changed.json()).toMatchObject({
      data: { ...body, tracking: { opens: true, clicks: false } },
    });
    const page = await ask(app, "GET", "/v1/domains?limit=1", { key });
    const { next_cursor: cursor } = z.object({ next_cursor: z.string() }).parse(await page.json());
    const next = await ask(app, "GET", `/v1/domains?limit=100&cursor=${cursor}`, { key });
    const names = z.object({ data: z.array(z.looseObject({ domain: z.string() })) });
    expect(names.parse(await next.json()).data.map(({ domain }) => domain)).toContain(
      "second.example",
    );
    expect((await ask(app, "DELETE", path, { key })).status).toBe(200);
    expect((await ask(app, "GET", path, { key })).status).toBe(404);
    const keys = await env.DB.prepare(
      "select 1 from dkim_keys where domain = 'first.example'",
    ).all();
    expect(keys.results).toEqual([]);
  });

  it.each([
    ["GET", "/v1/domains/none.example"],
    ["PATCH", "/v1/domains/none.example"],
    ["DELETE", "/v1/domains/none.example"],
    ["POST", "/v1/domains/none.example/verify"],
    ["POST", "/v1/domains/none.example/dkim/rotate"],
    ["GET", "/v1/domains/none.example/report"],
    ["GET", "/v1/domains/none.example/amp-approvals"],
  ])("answers 404 to %s %s", async (method, path) => {
    const body = method === "PATCH" ? { body: {} } : {};
    expect((await ask(app, method, path, { key, ...body })).status).toBe(404);
  });

  it("keeps private keys sealed and never shows them", async () => {
    const added = await add({ domain: "sealed.example", ed25519: true });
    const found = await env.DB.prepare(
      "select private_key from dkim_keys where domain = 'sealed.example'",
    ).all<{ private_key: string }>();
    expect(found.results.length).toBe(4);
    for (const { private_key: sealed } of found.results) {
      expect(JSON.stringify(added.body)).not.toContain(sealed);
      // A PKCS#8 structure in base64 begins so.
      expect(sealed).not.toMatch(/^M[CI]/);
    }
  });

  it("needs the scope manage to change anything", async () => {
    const { secret } = await givenKey({ scopes: ["read", "send"] });
    const body = { domain: "scope.example" };
    expect((await ask(app, "POST", "/v1/domains", { key: secret, body })).status).toBe(403);
    expect((await ask(app, "GET", "/v1/domains", { key: secret })).status).toBe(200);
  });
});

describe("/v1/check", () => {
  it("reports on any domain, and names the parameter that is wrong", async () => {
    const report = await ask(app, "GET", "/v1/check?domain=nobody.example", { key });
    expect(await report.json()).toMatchObject({
      data: { domain: "nobody.example", score: expect.any(Number), fix_first: expect.any(Array) },
    });
    const zone = testApp({
      fetch: async ({ url }) => {
        const { searchParams } = new URL(url);
        const spf =
          searchParams.get("name") === "spf.example" && searchParams.get("type") === "TXT";
        const data = '"v=spf1 ip4:192.0.2.0/24 -all"';
        return Response.json({ Status: 0, Answer: spf ? [{ type: 16, data }] : [] });
      },
    });
    for (const [ip, result] of [
      ["192.0.2.7", "pass"],
      ["2001:db8::1", "fail"],
    ]) {
      const asked = await ask(zone, "GET", `/v1/check?domain=spf.example&ip=${ip ?? ""}`, { key });
      expect(await asked.json()).toMatchObject({ data: { spf: { ip, result, lookups: 0 } } });
    }
    const noAddress = await ask(app, "GET", "/v1/check?domain=a.example&ip=x", { key });
    expect(await noAddress.json()).toMatchObject({ error: { field: "ip" } });
    const wrong = await ask(app, "GET", "/v1/check?domain=localhost", { key });
    expect(await wrong.json()).toMatchObject({ error: { field: "domain" } });
  });
});

describe("/v1/domains/:domain/amp-approvals", () => {
  it("adds, lists and withdraws approvals, each once", async () => {
    await add({ domain: "amp.example" });
    const path = "/v1/domains/amp.example/amp-approvals";
    for (const body of [
      { from_name: "News" },
      { from_name: "News" },
      { from_name: "*", provider: "gmail" },
    ]) {
      expect((await ask(app, "POST", path, { key, body })).status).toBe(201);
    }
    const list = await ask(app, "GET", path, { key });
    expect(await list.json()).toMatchObject({
      data: [
        { from_name: "*", provider: "gmail" },
        { from_name: "News", provider: "*" },
      ],
    });
    expect((await ask(app, "DELETE", `${path}?from_name=News`, { key })).status).toBe(200);
    expect((await ask(app, "DELETE", `${path}?from_name=News`, { key })).status).toBe(404);
  });
});

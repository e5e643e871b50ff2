// Requests that a foreign page makes a browser send, and the cookie that it sends by itself (reliability §5.1: CSRF).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { handle } from "../../src/accept/http.ts";
import { kasplo } from "../../src/accept/kasplo/routes.ts";
import { hashPassword } from "../../src/lib/password.ts";
import { givenPerson, givenUser, type Person } from "../support/people.ts";
import { ask, givenKey, testApp } from "../support/world.ts";

const HERE = "https://api.edgepost.test";
const JSON_TYPE = { "Content-Type": "application/json" };

const app = testApp({ log() {} });
let boss: Person;

beforeEach(async () => {
  const tables = ["users", "module_grants", "sessions", "keys", "audit_log"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
  boss = await givenPerson({ role: "super_admin" });
});

/** What browsers say of a page that is none of ours. */
const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["another origin", { Origin: "https://evil.example", ...JSON_TYPE }],
  ["another port", { Origin: `${HERE}:8443`, ...JSON_TYPE }],
  ["another scheme", { Origin: HERE.replace("https:", "http:"), ...JSON_TYPE }],
  ["a host that begins like ours", { Origin: `${HERE}.evil.example`, ...JSON_TYPE }],
  ["an opaque origin", { Origin: "null", ...JSON_TYPE }],
  ["an empty origin", { Origin: "", ...JSON_TYPE }],
  [
    "another origin, whatever the page is called",
    { Origin: "https://evil.example", Referer: HERE },
  ],
  ["no origin, from another site", { "Sec-Fetch-Site": "cross-site", ...JSON_TYPE }],
  ["no origin, from a neighbour", { "Sec-Fetch-Site": "same-site", ...JSON_TYPE }],
  ["no origin, a form", { "Content-Type": "application/x-www-form-urlencoded" }],
  ["no origin, a form of text", { "Content-Type": "text/plain" }],
  ["no origin, a form with files", { "Content-Type": "multipart/form-data; boundary=b" }],
];

const unsafe = kasplo.endpoints.filter(({ method }) => method !== "GET");

function pathOf({ path }: { readonly path: string }): string {
  return `/v1${path.replaceAll(/:[a-z]+/gi, "01890000-0000-7000-8000-000000000001")}`;
}

describe("a session", () => {
  it.each(FOREIGN)("changes nothing for %s, at every operation", async (_name, said) => {
    const headers = { Cookie: boss.headers["Cookie"] ?? "", ...said };
    for (const endpoint of unsafe) {
      const [method, path] = [endpoint.method, pathOf(endpoint)];
      const answer = await ask(app, method, path, { headers, body: "{}" });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(await answer.text()).toContain("a page of another origin asked for this");
    }
    // Nothing came as far as its trace.
    const { results } = await env.DB.prepare("select operation from audit_log").all();
    expect(results).toEqual([]);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("is used by our own pages: %s", async (method) => {
    const operations = unsafe.filter(
      (one) => one.method === method && one.access === "actors" && one.takesBody,
    );
    for (const endpoint of operations) {
      const answer = await ask(app, method, pathOf(endpoint), { headers: boss.headers, body: "{" });
      expect([method, endpoint.path, answer.status]).toEqual([method, endpoint.path, 400]);
      await answer.body?.cancel();
    }
  });
});

describe("an API key", () => {
  it.each(FOREIGN)("works whatever page asks: %s", async (_name, said) => {
    const { secret: key } = await givenKey();
    const suppression = { email: "csrf@example.com", reason: "asked" };
    const headers = { ...said, ...JSON_TYPE };
    const { id } = (await givenKey()).key;
    for (const [method, path, body, status] of [
      ["POST", "/v1/suppressions", suppression, 201],
      ["PATCH", "/v1/account", {}, 200],
      ["DELETE", `/v1/suppressions/${suppression.email}`, { reason: "asked" }, 200],
      ["DELETE", `/v1/keys/${id}`, undefined, 200],
      ["PUT", "/v1/pools/rules", { rules: [] }, 200],
    ] as const) {
      const answer = await ask(app, method, path, { headers, key, body });
      const text = await answer.text();
      expect([method, path, answer.status, text]).toEqual([method, path, status, text]);
    }
  });
});

describe("the cookie", () => {
  const PASSWORD = "correct horse battery";

  it.each([
    [HERE, "__Host-edgepost", "HttpOnly; SameSite=Strict; Secure"],
    ["http://api.edgepost.test", "__Host-edgepost", "HttpOnly; SameSite=Strict; Secure"],
    ["http://127.0.0.1:8787", "edgepost", "HttpOnly; SameSite=Strict"],
  ])("of %s is %s, with its flags, when it comes and when it goes", async (origin, name, flags) => {
    const { email } = await givenUser({ role: "support", password: hashPassword(PASSWORD) });
    const logIn = new Request(`${origin}/v1/sessions`, {
      method: "POST",
      headers: { ...JSON_TYPE, Origin: origin },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    const came = (await handle(app, logIn)).headers.getSetCookie();
    expect(came).toEqual([
      expect.stringMatching(
        new RegExp(`^${name}=[0-9A-Za-z]{43}; Max-Age=604800; Path=/; ${flags}$`),
      ),
    ]);
    const Cookie = came[0]?.split(";", 1)[0] ?? "";
    const headers = { Cookie, Origin: origin };
    const out = new Request(`${origin}/v1/sessions/current`, { method: "DELETE", headers });
    const went = (await handle(app, out)).headers.getSetCookie();
    expect(went).toEqual([`${name}=; Max-Age=0; Path=/; ${flags}`]);
  });
});

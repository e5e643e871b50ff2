// The OpenAPI documents (E-03, F-226): answered without a key, made of the same values as the routes, and
// equal to the copy that people read. A validator judges that copy in test/node/docs/openapi.test.ts.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import packageJson from "../../package.json";
import worker from "../../src/index.ts";
import { DIALECTS } from "../../src/accept/http.ts";
import { API_VERSION, wholeDocument } from "../../src/accept/openapi.ts";
import { ask, testApp } from "../support/world.ts";

const app = testApp({ log() {} });
const shown = DIALECTS.filter(({ hidden }) => hidden !== true);

/** Links need to know where they lead back to. */
const withLinks = { ...env, PUBLIC_URL: "https://api.edgepost.test" };

const documentSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
});

/** What index.ts answers beside the dialects, and the page that the platform serves. */
const WITHOUT_A_KEY = [
  "GET /",
  "GET /healthz",
  "GET /openapi.json",
  "GET /openapi/{dialect}.json",
  "GET /docs",
  "GET /o/{token}.gif",
  "GET /c/{token}",
  "GET /u/{token}",
  "POST /u/{token}",
  "GET /x/{token}",
  "POST /intake/{relay}",
];

async function asked(path: string) {
  const answer = await ask(app, "GET", path);
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/json"]);
  return documentSchema.parse(await answer.json());
}

describe("GET /openapi.json", () => {
  it("answers without a key (A-089), for any origin", async () => {
    const answer = await ask(app, "GET", "/openapi.json");
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const document = await asked("/openapi.json");
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.version).toBe(packageJson.version);
    expect(API_VERSION).toBe(packageJson.version);
  });

  it("answers HEAD without a body, and nothing but these", async () => {
    const head = await ask(app, "HEAD", "/openapi.json");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const post = await ask(app, "POST", "/openapi.json", { body: {} });
    expect([post.status, post.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("lists every operation of every dialect, and no hidden one", async () => {
    const { paths } = await asked("/openapi.json");
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const mounted = shown.flatMap(({ base, endpoints }) =>
      endpoints.map(({ method, path }) => `${method} ${base}${path.replaceAll(/:(\w+)/g, "{$1}")}`),
    );
    expect(listed.length).toBeGreaterThan(90);
    expect(mounted.filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.filter((name) => !mounted.includes(name))).toEqual(WITHOUT_A_KEY);
    expect(listed.filter((name) => name.includes("/internal"))).toEqual([]);
  });

  it.each(WITHOUT_A_KEY.filter((name) => name !== "GET /docs"))(
    "tells which statuses %s has",
    async (name) => {
      const [method = "", path = ""] = name.split(" ");
      const { paths } = await asked("/openapi.json");
      const operation = z
        .looseObject({ responses: z.record(z.string(), z.unknown()) })
        .parse(paths[path]?.[method.toLowerCase()]);
      const context = createExecutionContext();
      const url = `https://api.edgepost.test${path.replaceAll(/\{\w+\}/g, "nothing")}`;
      const answer = await worker.fetch(new Request(url, { method }), withLinks, context);
      await waitOnExecutionContext(context);
      expect(Object.keys(operation.responses)).toContain(String(answer.status));
    },
  );

  it("gives each operation an id of its own", async () => {
    const { paths } = await asked("/openapi.json");
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  // `npx vitest run --project workerd test/accept/openapi.test.ts -u` writes it anew.
  it("stands in docs/openapi.json", async () => {
    const text = JSON.stringify(wholeDocument(DIALECTS), null, 1);
    await expect(`${text}\n`).toMatchFileSnapshot("../../docs/openapi.json");
  });
});

describe("GET /openapi/<dialect>.json", () => {
  it.each(shown.map(({ name, base }) => [name, base]))("is %s alone", async (name, base) => {
    const { paths } = await asked(`/openapi/${name}.json`);
    const whole = await asked("/openapi.json");
    const own = Object.keys(whole.paths).filter((path) => path.startsWith(`${base}/`));
    expect(Object.keys(paths)).toEqual(own);
  });

  it.each(["internal", "nothing"])("is not there for %s", async (name) => {
    expect((await ask(app, "GET", `/openapi/${name}.json`)).status).toBe(404);
  });
});

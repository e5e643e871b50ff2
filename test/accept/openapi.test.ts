// The OpenAPI documents (E-03, F-226): answered without a key, made of the same values as the routes, and
// equal to the copy that people read. A validator judges that copy in test/node/docs/openapi.test.ts.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import packageJson from "../../package.json";
import { DIALECTS } from "../../src/accept/http.ts";
import { API_VERSION, openapi } from "../../src/accept/openapi.ts";
import { ask, testApp } from "../support/world.ts";

const app = testApp({ log() {} });
const shown = DIALECTS.filter(({ hidden }) => hidden !== true);

const documentSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
});

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
    expect(new Set(listed)).toEqual(new Set(mounted));
    expect(listed.filter((name) => name.includes("/internal"))).toEqual([]);
  });

  it("gives each operation an id of its own", async () => {
    const { paths } = await asked("/openapi.json");
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  // `npx vitest run --project workerd test/accept/openapi.test.ts -u` writes it anew.
  it("stands in docs/openapi.json", async () => {
    const text = JSON.stringify(openapi(DIALECTS), null, 1);
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

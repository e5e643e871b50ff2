// Holds an answer against what its operation is documented to answer: the status, and every field of the JSON.
import { expect } from "vitest";
import * as z from "zod";
import { DIALECTS } from "../../src/accept/http.ts";
import type { Dialect, Endpoint } from "../../src/accept/endpoint.ts";
import type { JsonSchema } from "../../src/accept/json-schema.ts";
import { problemAnswers } from "../../src/accept/openapi-problem.ts";

/** The operations of a path and method, each with its dialect; several may differ in the body they take. */
export function operationsAt(method: string, path: string) {
  return DIALECTS.filter(({ hidden }) => hidden !== true).flatMap((dialect) =>
    dialect.endpoints
      .filter((one) => one.method === method && patternOf(dialect, one).test(path))
      .map((endpoint) => ({ dialect, endpoint })),
  );
}

const patterns = new WeakMap<Endpoint, RegExp>();

function patternOf({ base }: Dialect, endpoint: Endpoint): RegExp {
  const known = patterns.get(endpoint);
  if (known) return known;
  const path = (base + endpoint.path)
    .replace(/\/$/, "")
    .replaceAll(".", "\\.")
    .replaceAll(/:\w+/g, "[^/]+");
  const pattern = new RegExp(`^${path}/*$`);
  patterns.set(endpoint, pattern);
  return pattern;
}

/** Fails when the answer to a request is not what the definition of its operation says. */
export async function expectDocumented(
  method: string,
  path: string,
  answer: Response,
): Promise<void> {
  // The first that is mounted answers; those after it have the same path by chance.
  const [first] = operationsAt(method, path);
  if (!first) return;
  const same = operationsAt(method, path).filter(
    ({ endpoint }) => endpoint.path === first.endpoint.path,
  );
  const name = `${method} ${path} answers ${answer.status}`;
  const good = same.flatMap(({ endpoint }) => {
    const shape = endpoint.documented.response[answer.status];
    return shape === undefined ? [] : [shape];
  });
  const [shape] = good;
  if (shape === undefined) {
    const refusals = same
      .flatMap(({ dialect, endpoint }) => problemAnswers(dialect, endpoint))
      .filter(({ status }) => status === answer.status);
    expect(refusals.length, `${name}, which is not documented`).toBeGreaterThan(0);
    const json: unknown = await answer.clone().json();
    const faults = refusals.map(({ schema }) => faultOf(schema, json));
    expect(faults, `${name} with ${JSON.stringify(json).slice(0, 300)}`).toContain(null);
    return;
  }
  const schema = shape instanceof z.ZodType ? shape : shape?.schema;
  const isJson = answer.headers.get("Content-Type") === "application/json";
  if (!schema || !isJson) return;
  const json: unknown = await answer.clone().json();
  const parsed = schema.safeParse(json);
  expect(parsed.error?.issues ?? [], name).toEqual([]);
  // What a schema does not name it drops.
  expect(parsed.data, `${name} with fields that are not documented`).toEqual(json);
}

/** Where a refusal has other fields than the schema of its examples; null when it has them. */
function faultOf(schema: JsonSchema, json: unknown, path = ""): string | null {
  if (schema["type"] !== "object") return null;
  if (typeof json !== "object" || json === null || Array.isArray(json)) return `${path} no object`;
  const { properties, required } = refusalSchema.parse(schema);
  const entries: [string, unknown][] = Object.entries(json);
  const missing = required.find((name) => !(name in json));
  if (missing !== undefined) return `${path}/${missing} is missing`;
  const faults = entries.map(([name, value]) => {
    const field = properties[name];
    return field ? faultOf(field, value, `${path}/${name}`) : `${path}/${name} is not documented`;
  });
  return faults.find((fault) => fault !== null) ?? null;
}

const refusalSchema = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())),
  required: z.array(z.string()),
});

/** Checks a good answer to a request; answers its JSON, null without a body. */
export async function documented(method: string, path: string, answer: Response): Promise<unknown> {
  const { pathname } = new URL(path, "https://api.edgepost.test");
  await expectDocumented(method, pathname, answer);
  const text = await answer.text();
  expect([method, pathname, answer.ok, answer.ok || text]).toEqual([method, pathname, true, true]);
  return text === "" ? null : JSON.parse(text);
}

// Holds an answer against what its operation says it answers: the status, and a body with exactly the keys of
// the schema.
import { expect } from "vitest";
import * as z from "zod";
import { DIALECTS } from "../../src/accept/http.ts";

/** Checks a good answer to a request; answers its JSON, null without a body. */
export async function documented(method: string, path: string, answer: Response): Promise<unknown> {
  const text = await answer.text();
  const { pathname } = new URL(path, "https://api.test");
  const endpoint = DIALECTS.flatMap(({ base, endpoints }) =>
    endpoints.map((one) => ({ one, whole: base + one.path })),
  ).find(({ one, whole }) => one.method === method && patternOf(whole).test(pathname))?.one;
  const shape = endpoint?.documented.response[answer.status];
  expect([method, pathname, answer.status, shape === undefined ? text : "documented"]).toEqual([
    method,
    pathname,
    answer.status,
    "documented",
  ]);
  if (shape === null || shape === undefined) return text === "" ? null : text;
  const schema = shape instanceof z.ZodType ? shape : shape.schema;
  const json: unknown = JSON.parse(text);
  if (schema) expect(schema.parse(json)).toEqual(json);
  return json;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`);
}

// One operation of the OpenAPI document, from the endpoints of one path and method.
import * as z from "zod";
import type { Scope } from "../model/key.ts";
import type { Access, Dialect, Endpoint } from "./endpoint.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { type ProblemAnswer, problemAnswers } from "./openapi-problem.ts";
import type { Detailed, Shape } from "./response.ts";

const JSON_TYPE = "application/json";

/** What header fields of answers tell. */
const HEADERS: Readonly<Record<string, string>> = {
  "X-Request-Id": "Names this request, in logs and in questions about it.",
  "Idempotent-Replayed": "`true` when this is the first answer again and nothing was done twice.",
  "RateLimit-Policy": "The limits of this key, in recipients: name, `q` quota, `w` seconds.",
  RateLimit: "What is left of them: name, `r` recipients, `t` seconds until all are back.",
  "X-RateLimit-Limit": "The quota of the nearest limit.",
  "X-RateLimit-Remaining": "What is left of it.",
  "X-RateLimit-Reset": "Seconds until all of it is back.",
  "Retry-After": "Seconds after which the request can be sent again.",
  "WWW-Authenticate": "The scheme that a key is sent by.",
};

const LIMIT_HEADERS = Object.keys(HEADERS).filter((name) => name.includes("RateLimit"));

/** Error answers that operations share, by name. */
export type Shared = Map<string, JsonSchema>;

/** What operations refer to. */
export function components(dialects: readonly Dialect[], shared: Shared): JsonSchema {
  return {
    responses: Object.fromEntries(shared),
    securitySchemes: Object.fromEntries(dialects.map(({ name, security }) => [name, security])),
    headers: Object.fromEntries(
      Object.entries(HEADERS).map(([name, description]) => [name, headerOf(description)]),
    ),
    parameters: { "Idempotency-Key": IDEMPOTENCY_KEY },
  };
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "The same key with the same body within 24 hours answers the first answer again and does nothing twice.",
  schema: { type: "string", minLength: 1, maxLength: 256, pattern: "^[\\x20-\\x7e]+$" },
};

/** The operation that endpoints of one path and method are; they differ in the media type they take. */
export function operation(
  dialect: Dialect,
  endpoints: readonly [Endpoint, ...Endpoint[]],
  shared: Shared,
): JsonSchema {
  const [{ documented, ...first }] = endpoints;
  const body = bodyOf(endpoints);
  return {
    operationId: idOf(dialect, first),
    summary: endpoints.map(({ summary }) => summary).join("; or: "),
    description: [documented.description, NEEDS[first.access](first.scope)]
      .filter((text) => text !== null)
      .join("\n\n"),
    security: first.access === "open" ? [] : [{ [dialect.name]: [] }],
    parameters: parametersOf(endpoints[0]),
    ...(body ? { requestBody: body } : {}),
    responses: Object.assign({}, ...endpoints.map((one) => responsesOf(dialect, one, shared))),
  };
}

/** What whoever asks has to show. */
const NEEDS: Readonly<Record<Access, (scope: Scope) => string>> = {
  actors: (scope) => `Needs the scope \`${scope}\`.`,
  people: () => "Needs the session of somebody who is signed in.",
  open: () => "Needs no key.",
};

function idOf({ name }: Dialect, { method, path }: Pick<Endpoint, "method" | "path">): string {
  const words = path.split("/").filter((part) => part !== "");
  const shown = words.map((word) => (word.startsWith(":") ? `by-${word.slice(1)}` : word));
  return [name, method.toLowerCase(), ...shown].join("-");
}

function parametersOf({ path, documented }: Endpoint): readonly JsonSchema[] {
  const { params, query, headers = {} } = documented.request;
  const inPath = fields(params);
  return [
    // What the schema does not name the router finds all the same.
    ...[...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
      name,
      in: "path",
      required: true,
      schema: inPath.find((field) => field.name === name)?.schema ?? { type: "string" },
    })),
    ...fields(query).map(({ name, schema, required }) => ({ name, in: "query", required, schema })),
    ...Object.entries(headers).map(([name, description]) => ({
      name,
      in: "header",
      description,
      schema: { type: "string" },
    })),
    ...(documented.idempotent ? [{ $ref: "#/components/parameters/Idempotency-Key" }] : []),
  ];
}

type Field = { readonly name: string; readonly schema: JsonSchema; readonly required: boolean };

const objectSchema = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

/** The fields of an object that a part of a request is. */
function fields(schema: z.ZodType | undefined): readonly Field[] {
  if (!schema) return [];
  const { properties, required } = objectSchema.parse(jsonSchemaOf(schema, "input"));
  return Object.entries(properties).map(([name, one]) => ({
    name,
    schema: one,
    required: required.includes(name),
  }));
}

function bodyOf(endpoints: readonly Endpoint[]): JsonSchema | null {
  const content = endpoints.flatMap(({ streams, documented }) => {
    if (streams) return [[streams.type, {}] as const];
    const { body } = documented.request;
    return body ? [[JSON_TYPE, { schema: jsonSchemaOf(body, "input") }] as const] : [];
  });
  return content.length === 0 ? null : { required: true, content: Object.fromEntries(content) };
}

function responsesOf(dialect: Dialect, endpoint: Endpoint, shared: Shared): JsonSchema {
  const { sends, documented } = endpoint;
  const usual = [
    "X-Request-Id",
    ...(documented.idempotent ? ["Idempotent-Replayed"] : []),
    ...(sends ? LIMIT_HEADERS : []),
  ];
  const good = Object.entries(documented.response).map(([status, shape]) => [
    status,
    goodAnswer(Number(status), detailed(shape), usual),
  ]);
  const bad = problemAnswers(dialect, endpoint).map((answer) => {
    const made = badAnswer(answer, sends ? ["X-Request-Id", ...LIMIT_HEADERS] : ["X-Request-Id"]);
    const name = nameFor(made, `${dialect.name}-${answer.status}`, shared);
    return [String(answer.status), { $ref: `#/components/responses/${name}` }];
  });
  // Where a status is both, the operation says itself how.
  return Object.fromEntries([...bad, ...good]);
}

/** The name that an answer is shared under: a number tells apart what differs. */
function nameFor(answer: JsonSchema, base: string, shared: Shared): string {
  const text = JSON.stringify(answer);
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}.${number}`;
    const known = shared.get(name);
    if (!known) shared.set(name, answer);
    if (!known || JSON.stringify(known) === text) return name;
  }
}

function detailed(shape: Shape): Detailed | null {
  return shape instanceof z.ZodType ? { schema: shape } : shape;
}

const REASONS: Readonly<Record<number, string>> = {
  101: "The connection is a WebSocket now.",
  200: "Done.",
  201: "Made.",
  202: "Taken; the rest is done in the background.",
  204: "Done; there is nothing to say.",
  207: "Some of it was done: see each item.",
  400: "Nothing of it was done: see each item, or what is wrong with the request itself.",
};

function goodAnswer(status: number, answer: Detailed | null, usual: readonly string[]): JsonSchema {
  const { schema, type = JSON_TYPE, headers = {} } = answer ?? {};
  const own = Object.entries(headers).map(([name, text]) => [name, headerOf(text)] as const);
  const content = schema ? { schema: jsonSchemaOf(schema, "output") } : {};
  return {
    description: REASONS[status] ?? `Answered with ${status}.`,
    headers: { ...references(usual), ...Object.fromEntries(own) },
    ...(answer ? { content: { [type]: content } } : {}),
  };
}

function badAnswer(
  { kinds, schema, examples, headers }: ProblemAnswer,
  usual: readonly string[],
): JsonSchema {
  return {
    description: kinds.map((kind) => kind.replaceAll("_", " ")).join(", or "),
    headers: references([...usual, ...headers]),
    content: { [JSON_TYPE]: { schema, examples } },
  };
}

/** Header fields by reference; one that only some dialect knows is told as a text. */
function references(names: readonly string[]): JsonSchema {
  return Object.fromEntries(
    names.map((name) => [
      name,
      name in HEADERS ? { $ref: `#/components/headers/${name}` } : { schema: { type: "string" } },
    ]),
  );
}

function headerOf(description: string): JsonSchema {
  return { description, schema: { type: "string" } };
}

// Requests made from the OpenAPI document, valid ones and spoiled ones, for each operation: every answer has a
// documented status and shape (which `ask` checks) and none is a 5xx. Seeds are fixed. `npm test` makes some for
// each; REQUESTS_PER_OPERATION=200 makes more.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { DIALECTS } from "../../src/accept/http.ts";
import { openapi } from "../../src/accept/openapi.ts";
import { recordOf, spoiled, valueOf } from "../support/json-schema.ts";
import { emptyLedger } from "../support/ledger.ts";
import { ask, givenKey, testApp } from "../support/world.ts";
import { DOORS } from "./doors.ts";

const REQUESTS = Number(env.REQUESTS_PER_OPERATION);
const SEED = 20_261_126;

const schema = z.record(z.string(), z.unknown());
const parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean().default(false),
  schema,
});
type Parameter = z.output<typeof parameter>;
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        tags: z.tuple([z.string()]),
        description: z.string(),
        security: z.array(z.record(z.string(), z.array(z.never()))).max(1),
        parameters: z.array(z.union([parameter, z.object({ $ref: z.string() })])),
        requestBody: z
          .object({ content: z.record(z.string(), z.object({ schema: schema.optional() })) })
          .optional(),
        responses: z.record(z.string(), z.unknown()),
      }),
    ),
  ),
  components: z.object({ parameters: z.record(z.string(), parameter) }),
});

const document = documentSchema.parse(openapi(DIALECTS));
const operations = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, ...operation }]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
      parameters: parameters.flatMap((one) => {
        if (!("$ref" in one)) return [one];
        return document.components.parameters[one.$ref.split("/").at(-1) ?? ""] ?? [];
      }),
    })),
  )
  // What deletes comes last: others ask about what is there.
  .toSorted((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));
type Operation = (typeof operations)[number];

/** Every name has this address, and nothing is ever sent to it. */
const DNS = { Status: 0, Answer: [{ type: 1, data: "8.8.8.8" }] };

const app = testApp({
  log() {},
  fetch: () => Promise.resolve(Response.json(DNS)),
  background: (_what, work) => void work.catch(() => undefined),
});

type Login = {
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
};
const logins = new Map<string, Login>();

/** Ids that answers told, by resource: later operations find what earlier ones made. */
const ids = new Map<string, string[]>();
const own = new Set<string>();

beforeAll(async () => {
  await emptyLedger();
  for (const door of DOORS) {
    await door.prepare(app);
    const { secret, key } = await givenKey(door.key, door.family);
    // Nobody takes the keys away that everything is asked with.
    own.add(key.id);
    const params = (await door.params?.(app)) ?? {};
    logins.set(door.dialect.name, { headers: await door.show(app, secret), params });
  }
});

describe(`${REQUESTS} requests`, () => {
  it("are made for every operation of the document", () => {
    expect(operations.length).toBeGreaterThan(100);
    expect(REQUESTS).toBeGreaterThan(0);
  });

  it.each(operations.map((one) => [one.operationId, one] as const))(
    "to %s are answered as documented",
    { timeout: 60_000 },
    async (_id, operation) => {
      const plans = fc.sample(planOf(operation), { numRuns: REQUESTS, seed: SEED });
      // The audit log is a chain, written by one at a time.
      const atOnce = operation.method === "GET" ? AT_ONCE : 1;
      for (let start = 0; start < plans.length; start += atOnce) {
        await Promise.all(
          plans.slice(start, start + atOnce).map((plan) => tryOut(operation, plan)),
        );
      }
    },
  );

  it("are good ones for most operations", () => {
    const forKeys = operations.filter(({ path }) => !FOR_PEOPLE.test(path));
    expect(good.size).toBeGreaterThan(forKeys.length * 0.6);
  });
});

/** What a key is always refused: one's own sessions and password, and log-ins. */
const FOR_PEOPLE = /^\/v1\/(?:me|sessions|invitations)(?:\/|$)/;

const AT_ONCE = 10;

/** The newest ids are kept: what is old may be gone. */
const MAX_IDS = 20;

/** Operations that said yes at least once. */
const good = new Set<string>();

type Plan = {
  /** Values by the place and name of a parameter. */
  readonly values: Readonly<Record<string, unknown>>;
  /** For each path parameter: which id that was seen stands there, or -1 for its value. */
  readonly seen: number;
  readonly type: string;
  readonly body: unknown;
  readonly json: boolean;
};

function planOf({ parameters, requestBody }: Operation): fc.Arbitrary<Plan> {
  const values = recordOf(
    Object.fromEntries(parameters.map((one) => [nameOf(one), valueOf(one.schema)])),
    parameters.filter(({ required }) => required).map(nameOf),
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, content]) => {
    const json = type === "application/json";
    const body = json ? valueOf(content.schema ?? {}) : fc.string({ unit: "grapheme-ascii" });
    return body.map((body) => ({ type, json, body }));
  });
  const body = bodies.length > 0 ? fc.oneof(...bodies) : fc.constant(NO_BODY);
  const seen = fc.oneof(
    { weight: 1, arbitrary: fc.constant(-1) },
    { weight: 3, arbitrary: fc.nat(10_000) },
  );
  const good = fc
    .tuple(values, seen, body)
    .map(([values, seen, body]) => ({ values, seen, ...body }));
  const bad = good.chain((plan) =>
    fc.oneof(
      spoiled(plan.values).map((values) => ({ ...plan, values: { ...Object(values) } })),
      plan.json ? spoiled(plan.body).map((body) => ({ ...plan, body })) : fc.constant(plan),
    ),
  );
  return fc.oneof({ weight: 3, arbitrary: good }, { weight: 2, arbitrary: bad });
}

const NO_BODY = { type: "", json: false, body: undefined };

function nameOf(parameter: Parameter): string {
  return `${parameter.in} ${parameter.name}`;
}

/** What needs no key is asked with one of /v1: it changes nothing. */
const ANY_KEY = { kasplo: [] };

async function tryOut(operation: Operation, plan: Plan): Promise<void> {
  const dialect = Object.keys(operation.security[0] ?? ANY_KEY)[0] ?? "";
  const login = logins.get(dialect);
  if (!login) throw new Error(`no key for ${dialect}`);
  const { path, headers } = placed(operation, plan, login.params);
  const body = plan.json ? JSON.stringify(plan.body) : plan.body;
  const answer = await ask(app, operation.method, path, {
    headers: {
      ...login.headers,
      ...headers,
      ...(plan.type === "" ? {} : { "Content-Type": plan.type }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const told = `${operation.method} ${path} ${String(body).slice(0, 500)} → ${answer.status}`;
  expect(answer.status, told).toBeLessThan(500);
  expect(Object.keys(operation.responses), told).toContain(String(answer.status));
  if (answer.ok) good.add(operation.operationId);
  const text = await answer.text();
  const found = text.matchAll(/"(?:\w+_)?(?:id|domain|entry|email)":"?([^",}]{1,100})/g);
  const known = ids.get(operation.tags[0]) ?? [];
  const fresh = [...found].map(([, id = ""]) => id).filter((id) => !own.has(id));
  ids.set(operation.tags[0], [...new Set([...known, ...fresh])].slice(-MAX_IDS));
}

/** The path with its query, and header fields, that a plan comes to. */
function placed({ path, parameters, tags }: Operation, plan: Plan, given: Login["params"]) {
  let whole = path;
  const seen = ids.get(tags[0]) ?? [];
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const one of parameters) {
    const value = plan.values[nameOf(one)];
    const text = (typeof value === "string" ? value : JSON.stringify(value ?? "")).toWellFormed();
    if (one.in === "path") {
      const known = given[one.name] ?? (plan.seen < 0 ? undefined : seen[plan.seen % seen.length]);
      whole = whole.replace(`{${one.name}}`, () => segment(known ?? text));
    } else if (value !== undefined) {
      if (one.in === "query") query.set(one.name, text);
      else headers[one.name] = text.replaceAll(/[^\x20-\x7e]/g, "");
    }
  }
  return { path: query.size > 0 ? `${whole}?${query.toString()}` : whole, headers };
}

/** A value as one segment of a path; a URL takes dots alone for other folders. */
function segment(text: string): string {
  return /^(?:\.{0,2}|(?:%2e){1,2})$/i.test(text) ? "-" : encodeURIComponent(text);
}

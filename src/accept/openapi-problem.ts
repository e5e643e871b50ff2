// The error answers of the OpenAPI document: which problems an operation may have follows from what it is, and
// how they look is asked of the dialect's own wire.
import { invalidField, type Problem } from "../model/problem.ts";
import type { Dialect, Endpoint } from "./endpoint.ts";
import type { JsonSchema } from "./json-schema.ts";

type Kind = Problem["kind"];

/** One of each, as an example; a kind without one breaks the build. */
const SAMPLES: { readonly [K in Kind]: Extract<Problem, { readonly kind: K }> } = {
  malformed_body: { kind: "malformed_body", reason: "the body is not valid JSON" },
  invalid_field: { kind: "invalid_field", path: "limit", reason: "must be at least 1" },
  unsupported_media_type: { kind: "unsupported_media_type", wanted: "application/json" },
  method_not_allowed: { kind: "method_not_allowed", allow: ["GET"] },
  not_found: { kind: "not_found", what: "this object" },
  unauthorized: { kind: "unauthorized", reason: "this API key does not exist" },
  invalid_credentials: { kind: "invalid_credentials", reason: "the password is wrong" },
  second_factor_required: { kind: "second_factor_required" },
  tls_required: { kind: "tls_required" },
  too_many_attempts: { kind: "too_many_attempts", retryAfterSeconds: 60 },
  insufficient_scope: { kind: "insufficient_scope", scope: "manage" },
  not_permitted: {
    kind: "not_permitted",
    reason: "the role analyst may not change keys; ask an admin for another role",
  },
  sender_not_allowed: { kind: "sender_not_allowed", domain: "example.com" },
  mail_class_not_allowed: { kind: "mail_class_not_allowed", mailClass: "marketing" },
  attachment_refused: {
    kind: "attachment_refused",
    path: "email.attachments[0]",
    reason: "is not a PDF",
  },
  too_large: { kind: "too_large", what: "the request body", limitBytes: 40 * 1024 * 1024 },
  amp_not_approved: { kind: "amp_not_approved", domain: "example.com", fromName: "Example" },
  all_suppressed: { kind: "all_suppressed" },
  not_compliant: {
    kind: "not_compliant",
    domain: "example.com",
    broken: [{ rule: "spf", message: "publish an SPF record" }],
  },
  too_many_recipients: {
    kind: "too_many_recipients",
    limit: "account",
    reason: "a message may have at most 50 recipients",
  },
  out_of_credits: { kind: "out_of_credits", needed: 3, balance: 1 },
  rate_limited: {
    kind: "rate_limited",
    limit: "account",
    reason: "the rate of the account is reached",
    retryAfterSeconds: 1,
  },
  idempotency_key_reused: { kind: "idempotency_key_reused" },
  conflict: { kind: "conflict", reason: "it exists already" },
  unavailable: { kind: "unavailable", reason: "storage did not answer", retryAfterSeconds: 5 },
};

/** What any operation may be refused for. */
const ALWAYS = ["invalid_field", "unavailable"] as const;
/** By who asks; only some dialects know people. */
const BY_KEY = ["unauthorized", "insufficient_scope"] as const;
const BY_PEOPLE = ["not_permitted"] as const;
const WITH_BODY = ["malformed_body", "too_large", "unsupported_media_type"] as const;
const WHEN_SENDING = [
  "sender_not_allowed",
  "mail_class_not_allowed",
  "attachment_refused",
  "too_large",
  "too_many_recipients",
  "out_of_credits",
  "rate_limited",
  "amp_not_approved",
  "all_suppressed",
  "not_compliant",
] as const;

/** The kinds of problem that an operation may answer with. */
export function problemsOf(
  { people = false }: Pick<Dialect, "people">,
  { access, sends, takesBody, streams, documented }: Endpoint,
): readonly Kind[] {
  const { request, problems, idempotent } = documented;
  return [
    ...new Set<Kind>([
      ...ALWAYS,
      ...(access === "open" ? [] : BY_KEY),
      ...(people ? BY_PEOPLE : []),
      ...(request.params ? (["not_found"] as const) : []),
      ...(takesBody || streams ? WITH_BODY : []),
      ...(sends ? WHEN_SENDING : []),
      ...(idempotent ? (["idempotency_key_reused"] as const) : []),
      ...problems,
    ]),
  ];
}

/** One status with the problems that it stands for. */
export type ProblemAnswer = {
  readonly status: number;
  readonly kinds: readonly Kind[];
  /** A Response Object of OpenAPI, its header fields by name only. */
  readonly schema: JsonSchema;
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
  readonly headers: readonly string[];
};

/** The error answers of an operation by status, as the wire of its dialect has them. */
export function problemAnswers(dialect: Dialect, endpoint: Endpoint): readonly ProblemAnswer[] {
  const about = { path: endpoint.path, requestId: "01a200ab-26c9-72b6-aed3-ef54aa8ec565" };
  const answers = problemsOf(dialect, endpoint).map((kind) => {
    const answer = dialect.problem(sampleFor(kind, endpoint), about);
    const json: unknown = "json" in answer ? answer.json : null;
    return { kind, status: answer.status, json, headers: Object.keys(answer.headers ?? {}) };
  });
  const statuses = [...new Set(answers.map(({ status }) => status))].toSorted((a, b) => a - b);
  return statuses.map((status) => {
    const same = answers.filter((answer) => answer.status === status);
    return {
      status,
      kinds: same.map(({ kind }) => kind),
      schema: same.map(({ json }) => schemaOfExample(json)).reduce(merged),
      examples: Object.fromEntries(same.map(({ kind, json }) => [kind, { value: json }])),
      headers: [...new Set(same.flatMap(({ headers }) => headers))],
    };
  });
}

/** A body of another media type than JSON is asked for by its own name. */
function sampleFor(kind: Kind, { streams }: Endpoint): Problem {
  if (kind === "unsupported_media_type" && streams) return { kind, wanted: streams.type };
  if (kind === "invalid_field") return invalidField("name", "must not be empty");
  return SAMPLES[kind];
}

/** The schema that an example has; null is anything that is not there. */
function schemaOfExample(value: unknown): JsonSchema {
  if (value === null) return { type: "null" };
  if (Array.isArray(value)) return { type: "array" };
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return {
      type: "object",
      properties: Object.fromEntries(entries.map(([name, one]) => [name, schemaOfExample(one)])),
      required: entries.map(([name]) => name),
    };
  }
  return { type: typeof value === "number" ? "integer" : typeof value };
}

/** What fits both of two examples: all their fields, of which only common ones must be there. */
function merged(left: JsonSchema, right: JsonSchema): JsonSchema {
  if (left["type"] !== "object" || right["type"] !== "object") return left;
  const [a, b] = [fieldsOf(left), fieldsOf(right)];
  const both = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const field = (name: string): JsonSchema => {
    const [one, other] = [a[name], b[name]];
    return one && other ? merged(one, other) : (one ?? other ?? {});
  };
  return {
    type: "object",
    properties: Object.fromEntries(both.map((name) => [name, field(name)])),
    required: both.filter((name) => isRequired(left, name) && isRequired(right, name)),
  };
}

function fieldsOf({ properties }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.entries(properties ?? {}).map(([name, schema]) => [name, { ...Object(schema) }]),
  );
}

function isRequired({ required }: JsonSchema, name: string): boolean {
  return Array.isArray(required) && required.includes(name);
}

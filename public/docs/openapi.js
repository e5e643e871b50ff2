// Reads what the explorer needs of an OpenAPI document: its operations, and examples of schemas. Pure.

/**
 * @typedef {{ [keyword: string]: any }} Schema JSON Schema 2020-12.
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema: Schema }} Parameter
 * @typedef {{ type: string, scheme?: string, name?: string, description: string }} Security
 * @typedef {{ status: string, description: string, type: string, schema: Schema | null, examples: [string, unknown][] }} AnswerOf
 * @typedef {{
 *   id: string, method: string, path: string, summary: string, description: string, tag: string,
 *   dialect: string, security: Security, parameters: Parameter[],
 *   bodies: { type: string, schema: Schema }[], answers: AnswerOf[],
 * }} Operation
 */

/**
 * Every operation of a document, in its order.
 * @param {any} document
 * @returns {Operation[]}
 */
export function operationsOf(document) {
  /** @param {any} value */
  const follow = (value) => {
    const at = value?.$ref;
    if (typeof at !== "string") return value;
    return at
      .slice("#/".length)
      .split("/")
      .reduce((/** @type {any} */ part, name) => part[name], document);
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const [dialect = "open"] = Object.keys(operation.security[0] ?? {});
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        summary: operation.summary,
        description: operation.description,
        tag: operation.tags[0],
        dialect,
        security: document.components.securitySchemes[dialect] ?? NO_KEY,
        parameters: operation.parameters.map(follow),
        bodies: Object.entries(operation.requestBody?.content ?? {}).map(([type, body]) => ({
          type,
          schema: body.schema ?? {},
        })),
        answers: Object.entries(operation.responses).map(([status, answer]) =>
          answerOf(status, follow(answer)),
        ),
      };
    }),
  );
}

/** @type {Security} */
const NO_KEY = { type: "none", description: "" };

/**
 * @param {string} status
 * @param {any} answer
 * @returns {AnswerOf}
 */
function answerOf(status, answer) {
  const [[type, content] = ["", {}]] = Object.entries(answer.content ?? {});
  /** @type {[string, any][]} */
  const examples = Object.entries(content.examples ?? {});
  return {
    status,
    description: answer.description,
    type,
    schema: content.schema ?? null,
    examples: examples.map(([name, { value }]) => [name, value]),
  };
}

/** Deeper schemas than this are shown by what they are only. */
const MAX_DEPTH = 8;

/**
 * A value that a schema may be given: its own example, else the least that it asks for.
 * @param {Schema} schema
 * @returns {unknown}
 */
export function exampleOf(schema, depth = 0) {
  if (schema["examples"]?.length > 0) return schema["examples"][0];
  if ("default" in schema) return schema["default"];
  if ("const" in schema) return schema["const"];
  if (schema["enum"]) return schema["enum"][0];
  const choice = schema["anyOf"]?.[0] ?? schema["oneOf"]?.[0] ?? schema["allOf"]?.[0];
  if (choice) return exampleOf(choice, depth + 1);
  switch (typeOf(schema)) {
    case "object":
      return depth > MAX_DEPTH ? {} : exampleFields(schema, depth);
    case "array":
      return schema["items"] && depth <= MAX_DEPTH ? [exampleOf(schema["items"], depth + 1)] : [];
    case "integer":
    case "number":
      return schema["minimum"] ?? 1;
    case "boolean":
      return false;
    case "string":
      return "text";
    default:
      return null;
  }
}

/**
 * The fields that must be there; all of them where none must.
 * @param {Schema} schema
 * @param {number} depth
 */
function exampleFields({ properties = {}, required = [] }, depth) {
  const names = required.length > 0 ? required : Object.keys(properties);
  return Object.fromEntries(
    names.map((/** @type {string} */ name) => [name, exampleOf(properties[name] ?? {}, depth + 1)]),
  );
}

/**
 * The type of a schema, without null.
 * @param {Schema} schema
 * @returns {string}
 */
export function typeOf(schema) {
  const { type } = schema;
  if (Array.isArray(type)) return type.find((name) => name !== "null") ?? "null";
  if (typeof type === "string") return type;
  return schema["properties"] ? "object" : "";
}

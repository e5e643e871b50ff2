/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// A JSON Schema as a list that people read.
import { make } from "./dom.js";
import { typeOf } from "./openapi.js";

/** Deeper parts stay folded away. */
const OPEN_DEPTH = 2;

/**
 * @param {import("./openapi.js").Schema} schema
 * @returns {HTMLElement}
 */
export function schemaList(schema, depth = 0) {
  const inner = innerOf(schema);
  const fields = Object.entries(inner["properties"] ?? {});
  const choices = inner["anyOf"] ?? inner["oneOf"] ?? [];
  if (fields.length === 0 && choices.length > 0) {
    const shown = choices.filter(hasFields);
    if (shown.length === 1) return schemaList(shown[0], depth);
    return make(
      "div",
      {},
      shown.map((/** @type {import("./openapi.js").Schema} */ one, /** @type {number} */ index) =>
        make("div", { class: "choice" }, [
          make("p", { class: "quiet" }, [index === 0 ? "Either" : "or"]),
          schemaList(one, depth + 1),
        ]),
      ),
    );
  }
  const required = inner["required"] ?? [];
  return make(
    "ul",
    { class: "fields" },
    fields.map(([name, field]) => item(name, field, required.includes(name), depth)),
  );
}

/**
 * @param {string} name
 * @param {import("./openapi.js").Schema} schema
 * @param {boolean} required
 * @param {number} depth
 */
function item(name, schema, required, depth) {
  const head = [
    make("code", {}, [name]),
    " ",
    make("span", { class: "type" }, [typeText(schema)]),
    ...(required ? [" ", make("b", { class: "must" }, ["required"])] : []),
    ...(schema["description"] ? [make("p", {}, [schema["description"]])] : []),
  ];
  if (!hasFields(schema)) return make("li", {}, head);
  const open = depth < OPEN_DEPTH ? { open: "" } : {};
  const parts = [make("summary", {}, head), schemaList(schema, depth + 1)];
  return make("li", {}, [make("details", open, parts)]);
}

/**
 * What has fields to show: an object, a list of them, or a choice.
 * @param {import("./openapi.js").Schema} schema
 * @returns {boolean}
 */
function hasFields(schema) {
  const inner = innerOf(schema);
  if (inner["properties"]) return true;
  return (inner["anyOf"] ?? inner["oneOf"] ?? []).some(hasFields);
}

/**
 * The schema itself, of a list that of its items, of something or null that of something.
 * @param {import("./openapi.js").Schema} schema
 * @returns {import("./openapi.js").Schema}
 */
function innerOf(schema) {
  if (typeOf(schema) === "array") return innerOf(schema["items"] ?? {});
  const choices = (schema["anyOf"] ?? []).filter(
    (/** @type {import("./openapi.js").Schema} */ one) => one["type"] !== "null",
  );
  return choices.length === 1 ? innerOf(choices[0]) : schema;
}

/**
 * @param {import("./openapi.js").Schema} schema
 * @returns {string}
 */
function typeText(schema) {
  if (schema["enum"]) return schema["enum"].map(String).join(" | ");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (choices) return [...new Set(choices.map(typeText))].join(" | ");
  const type = [schema["type"] ?? "anything"].flat().join(" | ");
  const items = schema["items"] ? ` of ${typeText(schema["items"])}` : "";
  const range = ["minLength", "maxLength", "minimum", "maximum", "maxItems"]
    .filter((name) => name in schema)
    .map((name) => `${name} ${schema[name]}`);
  return [type + items, schema["format"], ...range].filter(Boolean).join(", ");
}

// Values for a JSON Schema, and values that are nearly some: what generated requests are made of.
import fc from "fast-check";
import * as z from "zod";
import type { JsonSchema } from "../../src/accept/json-schema.ts";

/** Deeper than this a schema is given the least it takes. */
const MAX_DEPTH = 6;

/** What nobody should send, and somebody will. */
const HOSTILE: readonly unknown[] = [
  null,
  -1,
  0,
  1e21,
  0.5,
  true,
  "",
  " ",
  "\0",
  "\r\nX: 1",
  "' or 1=1 --",
  "__proto__",
  "x".repeat(2_000),
  "\u202e\ud83d\ude00",
  "9".repeat(30),
  [],
  {},
  [[]],
  { __proto__: { a: 1 } },
];

/** Values that a schema allows, as far as it says so. */
export function valueOf(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  const made = plainValue(schema, depth);
  const examples = listOf(schema["examples"]);
  if (examples.length === 0) return made;
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...examples) }, made);
}

function plainValue(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema["const"]);
  const names = listOf(schema["enum"]);
  if (names.length > 0) return fc.constantFrom(...names);
  const choices = [...listOf(schema["anyOf"]), ...listOf(schema["oneOf"])].map(schemaIn);
  if (choices.length > 0) return fc.oneof(...choices.map((one) => valueOf(one, depth + 1)));
  const types = z.array(z.string()).parse([schema["type"] ?? "any"].flat());
  return fc.oneof(...types.map((type) => typedValue(type, schema, depth)));
}

function typedValue(type: string, schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case "object":
      return objectOf(schema, depth);
    case "array": {
      const least = numberIn(schema, "minItems", 0);
      const maxLength = depth > MAX_DEPTH ? least : Math.max(least, 3);
      return fc.array(valueOf(schemaIn(schema["items"]), depth + 1), {
        minLength: least,
        maxLength: Math.min(maxLength, numberIn(schema, "maxItems", 3)),
      });
    }
    case "integer": {
      const min = Math.max(numberIn(schema, "minimum", -10), -(2 ** 53));
      return fc.integer({ min, max: Math.max(min, numberIn(schema, "maximum", min + 1_000)) });
    }
    case "number":
      return fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "string":
      return textOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function objectOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schemaIn(schema["properties"]));
  const required = listOf(schema["required"]).map(String);
  const shown = properties.filter(([name]) => depth <= MAX_DEPTH || required.includes(name));
  const fields = Object.fromEntries(
    shown.map(([name, one]) => [name, valueOf(schemaIn(one), depth + 1)]),
  );
  const known = recordOf(fields, required);
  const others = schema["additionalProperties"];
  if (typeof others !== "object" || others === null || depth > MAX_DEPTH) return known;
  const more = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,8}$/),
    valueOf(schemaIn(others), depth + 1),
    {
      maxKeys: 3,
    },
  );
  return fc.tuple(more, known).map(([rest, given]) => ({ ...rest, ...given }));
}

/** How many optional fields stand in an object: each may be one that makes it a wrong one. */
const MAX_OPTIONAL = 2;

/** An object with its required fields and a few others. */
export function recordOf(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(fields);
  const optional = entries.map(([name]) => name).filter((name) => !required.includes(name));
  const few = Math.min(MAX_OPTIONAL, optional.length);
  return fc.subarray(optional, { maxLength: few }).chain((chosen) => {
    const shown = entries.filter(([name]) => required.includes(name) || chosen.includes(name));
    return fc.record(Object.fromEntries(shown));
  });
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema["format"] === "date-time") {
    return fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  const { pattern } = schema;
  // What fast-check cannot make words for is a sentence of its own, mostly refused.
  const matching = typeof pattern === "string" ? matchingWords(pattern) : null;
  if (matching) return matching;
  const minLength = numberIn(schema, "minLength", 0);
  const maxLength = Math.min(numberIn(schema, "maxLength", 40), minLength + 40);
  return fc.oneof(
    fc.string({ unit: "grapheme", minLength, maxLength }),
    fc.emailAddress(),
    fc.domain(),
    fc.uuid({ version: 7 }),
    fc.nat().map(String),
  );
}

function matchingWords(pattern: string): fc.Arbitrary<string> | null {
  // Classes of Unicode take it a second each; plain sentences pass most of them.
  if (/\\p\{/i.test(pattern)) return null;
  try {
    return fc.stringMatching(new RegExp(pattern, "u"));
  } catch {
    return null;
  }
}

/** The same value with one thing wrong somewhere in it. */
export function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const hostile = fc.constantFrom(...HOSTILE);
  if (Array.isArray(value) && value.length > 0) {
    return fc.nat(value.length - 1).chain((at) => {
      return spoiled(value[at]).map((bad) => value.map((one, index) => (index === at ? bad : one)));
    });
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
    return hostile;
  }
  const entries: [string, unknown][] = Object.entries(value);
  const at = fc.nat(entries.length - 1);
  return fc.oneof(
    { weight: 1, arbitrary: hostile },
    {
      weight: 1,
      arbitrary: at.map((gone) => Object.fromEntries(entries.filter((_, n) => n !== gone))),
    },
    { weight: 1, arbitrary: hostile.map((bad) => ({ ...Object.fromEntries(entries), more: bad })) },
    {
      weight: 5,
      arbitrary: at.chain((place) =>
        spoiled(entries[place]?.[1]).map((bad) =>
          Object.fromEntries(entries.map(([name, one], n) => [name, n === place ? bad : one])),
        ),
      ),
    },
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function schemaIn(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function numberIn(schema: JsonSchema, name: string, byDefault: number): number {
  const value = schema[name];
  return typeof value === "number" ? value : byDefault;
}

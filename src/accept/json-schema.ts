// zod → JSON Schema 2020-12, as OpenAPI 3.1 takes it. A schema that parses by hand (a transform of anything)
// says beside itself what it takes.
import * as z from "zod";

/** JSON Schema as a plain object. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const shown = new WeakMap<object, z.ZodType>();

/** Gives a schema that JSON Schema cannot tell another one to be shown as; it parses as before. */
export function shownAs<S extends z.ZodType>(schema: S, as: z.ZodType): S {
  shown.set(schema, as);
  return schema;
}

/** What a schema takes (`input`), or what it gives (`output`). */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    io,
    // A custom rule has no keyword: its schema takes anything there.
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const as = shown.get(zodSchema);
      if (as) Object.assign(jsonSchema, jsonSchemaOf(as, io));
      // zod leaves out the examples of what is parsed into something else; they are of what is sent.
      const examples = z.globalRegistry.get(zodSchema)?.["examples"];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      withoutNoise(jsonSchema);
    },
  });
  return { ...made };
}

/** Drops what zod writes and no reader needs. */
function withoutNoise(schema: Record<string, unknown>): void {
  // Fields are added to answers; a client that refuses them would break.
  if (schema["additionalProperties"] === false) delete schema["additionalProperties"];
  if (schema["format"] === "date-time") delete schema["pattern"];
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
  delete schema["propertyNames"];
}

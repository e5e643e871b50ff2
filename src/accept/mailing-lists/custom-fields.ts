// The custom fields of a list: those that all lists have, and its own (contract 3.6).
import * as z from "zod";
import { fail, ok, type Result } from "../../lib/result.ts";
import {
  CHOICE_TYPES,
  CUSTOM_FIELD_TYPES,
  type CustomField,
  type CustomFieldType,
  fieldValue,
  isFieldName,
  MAX_FIELD_NAME,
  MAX_FIELDS,
  MAX_OPTIONS,
  MAX_TEXT,
} from "../../model/custom-field.ts";
import { newHexId } from "../../model/list.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { twice } from "../../store/db.ts";
import { fieldsOfList, insertField } from "../../store/custom-field.ts";
import { endpoint } from "../endpoint.ts";
import { success } from "./envelope.ts";
import { existing } from "./lists.ts";
import { listParams, nameOf, wrapped } from "./schema.ts";
import { answerOf, fieldView } from "./view.ts";

const MAX_ROWS = 100;

/** The Audience API writes choices with commas between them, so none has one. */
const choice = z
  .string("must be text")
  .trim()
  .regex(/^[^,\p{Cc}]{1,255}$/u, "must be 1–255 characters without a comma");
const length = z.int("must be a whole number").min(0, "must not be negative").max(MAX_TEXT);
const bound = z.number("must be a number");

const newField = wrapped(
  "custom_field",
  z.object(
    {
      name: nameOf(MAX_FIELD_NAME).refine(isFieldName, "must be another name"),
      field_type: z.enum(CUSTOM_FIELD_TYPES, `must be one of ${CUSTOM_FIELD_TYPES.join(", ")}`),
      required: z.boolean("must be true or false").default(false),
      instructions: z.string("must be text").max(MAX_TEXT).nullable().optional(),
      default_string: z.string("must be text").nullable().optional(),
      default_integer: bound.nullable().optional(),
      default_boolean: z.boolean("must be true or false").nullable().optional(),
      minimum_length: length.nullable().optional(),
      maximum_length: length.nullable().optional(),
      number_of_rows: z.int("must be a whole number").min(1).max(MAX_ROWS).nullable().optional(),
      minimum_value: bound.nullable().optional(),
      maximum_value: bound.nullable().optional(),
      options: z
        .array(
          z.union([choice, z.object({ name: choice }).transform(({ name }) => name)]),
          "must be a list of names",
        )
        .max(MAX_OPTIONS, `must be at most ${MAX_OPTIONS}`)
        .default([]),
    },
    "must be an object",
  ),
);
type NewField = z.output<typeof newField>;

const all = endpoint({
  method: "GET",
  path: "/mailing_lists/:mailing_list_id/custom_fields",
  summary: "List the custom fields that a list has",
  scope: "read",
  request: { params: listParams },
  response: { 200: answerOf(z.array(fieldView)) },
  async handle(app, { params }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const fields = await fieldsOfList(app.db, list.value.id);
    return ok(success(fields.map(shown)));
  },
});

const create = endpoint({
  method: "POST",
  path: "/mailing_lists/:mailing_list_id/custom_fields",
  summary: "Make a custom field that only this list has",
  description: "The object stands under `custom_field`, or by itself.",
  scope: "manage",
  request: { params: listParams, body: newField },
  response: { 200: answerOf(fieldView) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const parts = partsOf(body);
    if (!parts.ok) return parts;
    const field = {
      ...parts.value,
      customId: newHexId(),
      listId: list.value.id,
      name: body.name,
      type: body.field_type,
      required: body.required,
      createdAt: app.now(),
    };
    const made = await twice(() => insertField(app.db, field));
    return made ? ok(success(shown(made))) : fail(taken);
  },
});

/** The operations of custom fields. */
export const fieldEndpoints = [all, create];

const taken: Problem = {
  kind: "conflict",
  reason: `name has already been taken, or there are ${MAX_FIELDS} custom fields`,
};

/** The keys that a type has beside those of all (3.6). */
const OWN_KEYS = {
  text: ["default_string", "minimum_length", "maximum_length"],
  text_multiline: ["default_string", "minimum_length", "maximum_length", "number_of_rows"],
  number: ["default_integer", "minimum_value", "maximum_value"],
  date: [],
  day_of_year: [],
  select_single_dropdown: ["options"],
  select_single_radio: ["options"],
  select_multiple_checkboxes: ["options"],
  boolean: ["default_boolean"],
} as const satisfies Readonly<Record<CustomFieldType, readonly (keyof NewField)[]>>;

type Parts = Pick<CustomField, "defaultValue" | "options" | "extras">;

/** What is kept of the keys that belong to the field's type; others are not read. */
function partsOf(body: NewField): Result<Parts, Problem> {
  const type = body.field_type;
  const own: readonly (keyof NewField)[] = OWN_KEYS[type];
  const options = CHOICE_TYPES.includes(type) ? [...new Set(body.options)] : [];
  if (CHOICE_TYPES.includes(type) && options.length === 0) {
    return fail(invalidField("options", "must name what to choose from"));
  }
  const kept = own.filter((key) => key !== "options" && !key.startsWith("default_"));
  const extras = Object.fromEntries(
    [...kept, "instructions" as const].flatMap((key) => {
      const value = body[key] ?? null;
      return value === null || value === "" ? [] : [[key, value] as const];
    }),
  );
  const given = own.flatMap((key) => (key.startsWith("default_") ? [body[key] ?? null] : []))[0];
  if (given === undefined || given === null) return ok({ options, extras, defaultValue: "" });
  const value = fieldValue({ type, options, extras }, given);
  return value.ok
    ? ok({ options, extras, defaultValue: String(value.value) })
    : fail(invalidField("default", value.error));
}

function shown(field: CustomField) {
  const { id, name, type, required, listId, extras } = field;
  const own = OWN_KEYS[type].map((key) => [key, ownValue(field, key)] as const);
  return {
    id,
    name,
    field_type: type,
    required,
    instructions: extras["instructions"] ?? "",
    is_global: listId === null,
    ...Object.fromEntries(own),
  };
}

function ownValue({ options, extras, defaultValue }: CustomField, key: string): unknown {
  switch (key) {
    case "options":
      return options.map((name, index) => ({ id: index + 1, index, name }));
    case "default_string":
      return defaultValue;
    case "default_integer":
      return defaultValue === "" ? null : Number(defaultValue);
    case "default_boolean":
      return defaultValue === "true";
    default:
      return extras[key] ?? null;
  }
}

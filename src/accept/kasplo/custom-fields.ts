// /v1/custom-fields: make, change, deactivate and delete the fields that contacts have (decision 17).
import * as z from "zod";
import { fail, ok, type Result } from "../../lib/result.ts";
import {
  AUDIENCE_TYPE_NAMES,
  AUDIENCE_TYPE_OF,
  AUDIENCE_TYPES,
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
import { defaultOf } from "../../model/contact.ts";
import { newHexId } from "../../model/list.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { changeField, findField, insertField, listFields } from "../../store/custom-field.ts";
import { twice } from "../../store/db.ts";
import { endpoint } from "../endpoint.ts";
import {
  nameField,
  type NamedFilter,
  namedPage,
  type NamedPlace,
  namedQuery,
  namedStatus,
} from "./named.ts";
import { dataOf, iso, isoTime, one, pageOf } from "./native.ts";

const TYPE_NAMES = [...AUDIENCE_TYPE_NAMES, ...CUSTOM_FIELD_TYPES] as const;

/** The Audience API writes choices with commas between them, so none has one. */
const option = z
  .string("must be text")
  .trim()
  .min(1, "must not be empty")
  .max(MAX_FIELD_NAME)
  .regex(/^[^,\p{Cc}]*$/u, "must not have a comma or control characters");
const options = z
  .union([z.array(option).max(MAX_OPTIONS), z.string().transform((text) => text.split(","))])
  .pipe(z.array(option).max(MAX_OPTIONS, `must be at most ${MAX_OPTIONS}`))
  .transform((list) => [...new Set(list)]);

const fallback = z.union(
  [z.string(), z.number(), z.boolean(), z.array(z.string())],
  "must be a value",
);

const fieldName = nameField(MAX_FIELD_NAME).refine(isFieldName, "must be another name");

const newField = z.object({
  name: fieldName,
  type: z.enum(TYPE_NAMES, `must be one of ${TYPE_NAMES.join(", ")}`),
  required: z
    .union([z.boolean(), z.literal(0), z.literal(1)], "must be true or false")
    .default(false),
  default: fallback.optional(),
  values: options.optional(),
});

const byId = z.object({ id: z.string() });

const fieldView = z.object({
  id: z.string(),
  custom_id: z.string().describe("The same as id"),
  name: z.string(),
  type: z.enum(AUDIENCE_TYPE_NAMES),
  kind: z.enum(CUSTOM_FIELD_TYPES).describe("The type in the Mailing Lists API"),
  required: z.boolean(),
  default: z.string(),
  values: z.array(z.string()),
  status: namedStatus,
  created_at: isoTime,
  updated_at: isoTime,
});

const create = endpoint({
  method: "POST",
  path: "/custom-fields",
  summary: "Make a field that contacts have",
  scope: "manage",
  request: { body: newField },
  response: { 201: dataOf(fieldView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const type = typeOf(body.type);
    const { values = [] } = body;
    const chosen = CHOICE_TYPES.includes(type);
    if (chosen !== values.length > 0) {
      const reason = chosen ? "must name what to choose from" : `does not apply to ${body.type}`;
      return fail(invalidField("values", reason));
    }
    const defaultValue = defaultText({ type, options: values }, body.default);
    if (!defaultValue.ok) return defaultValue;
    const field = {
      customId: newHexId(),
      listId: null,
      name: body.name,
      type,
      required: Boolean(body.required),
      defaultValue: defaultValue.value,
      options: values,
      extras: {},
      createdAt: app.now(),
    };
    const made = await twice(() => insertField(app.db, field));
    return made ? ok(one(shownField(made), 201)) : fail(taken);
  },
});

const all = endpoint({
  method: "GET",
  path: "/custom-fields",
  summary: "List the fields that all lists have, oldest first",
  scope: "read",
  request: { query: namedQuery },
  response: { 200: pageOf(fieldView) },
  handle(app, { query }) {
    const find = async (filter: NamedFilter, asked: NamedPlace) =>
      (await listFields(app.db, { ...filter, listId: null }, asked)).fields;
    return namedPage(query, find, shownField);
  },
});

const get = endpoint({
  method: "GET",
  path: "/custom-fields/:id",
  summary: "Show a field",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(fieldView) },
  async handle(app, { params }) {
    const field = await findField(app.db, nameOf(params.id));
    return field ? ok(one(shownField(field))) : fail(notFound);
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/custom-fields/:id",
  summary: "Change a field; its type stays",
  scope: "manage",
  request: {
    params: byId,
    body: z.object({
      name: fieldName.optional(),
      required: z.boolean("must be true or false").optional(),
      default: fallback.optional(),
      values: options.optional(),
      status: namedStatus.optional(),
    }),
  },
  response: { 200: dataOf(fieldView) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const field = await findField(app.db, nameOf(params.id));
    if (!field) return fail(notFound);
    if (body.values && !CHOICE_TYPES.includes(field.type)) {
      return fail(invalidField("values", `does not apply to ${AUDIENCE_TYPE_OF[field.type]}`));
    }
    const changing = { ...field, options: body.values ?? field.options };
    const wanted = body.default === undefined ? ok(null) : defaultText(changing, body.default);
    if (!wanted.ok) return wanted;
    if (wanted.value === null && field.defaultValue !== "" && defaultOf(changing) === null) {
      return fail(invalidField("values", `must have the default, ${field.defaultValue}`));
    }
    const changed = await changeField(app.db, field.id, {
      name: body.name ?? null,
      required: body.required ?? null,
      defaultValue: wanted.value,
      options: body.values ?? null,
      extras: null,
      status: body.status ?? null,
      now: app.now(),
    });
    return changed ? ok(one(shownField(changed))) : fail(taken);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/custom-fields/:id",
  summary: "Delete a field; its values are seen no more",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    const field = await findField(app.db, nameOf(params.id));
    const nothing = { name: null, required: null, defaultValue: null, options: null, extras: null };
    const gone =
      field &&
      (await changeField(app.db, field.id, { ...nothing, status: "deleted", now: app.now() }));
    return gone ? ok({ status: 204, bytes: null }) : fail(notFound);
  },
});

/** The operations of /v1/custom-fields. */
export const customFieldEndpoints = [create, all, get, change, remove];

const notFound: Problem = { kind: "not_found", what: "this custom field" };

const taken: Problem = {
  kind: "conflict",
  reason: `there is a custom field of this name, or there are ${MAX_FIELDS} fields; choose another name or delete one`,
};

/** A `custom_id`, or the decimal id. */
function nameOf(id: string): { readonly customId: string } | { readonly id: number } {
  return /^\d{1,15}$/.test(id) ? { id: Number(id) } : { customId: id };
}

function typeOf(name: (typeof TYPE_NAMES)[number]): CustomFieldType {
  const known: Readonly<Record<string, CustomFieldType>> = AUDIENCE_TYPES;
  const rich = CUSTOM_FIELD_TYPES.find((type) => type === name);
  return rich ?? known[name] ?? "text";
}

/** A default as it is kept. */
function defaultText(
  field: Pick<CustomField, "type" | "options">,
  given: unknown,
): Result<string, Problem> {
  if (given === undefined || given === "") return ok("");
  const value = fieldValue(field, given);
  if (!value.ok) return fail(invalidField("default", value.error));
  const text = typeof value.value === "object" ? JSON.stringify(value.value) : String(value.value);
  return text.length <= MAX_TEXT
    ? ok(text)
    : fail(invalidField("default", `must be at most ${MAX_TEXT} characters`));
}

function shownField(field: CustomField) {
  return {
    id: field.customId,
    custom_id: field.customId,
    name: field.name,
    type: AUDIENCE_TYPE_OF[field.type],
    kind: field.type,
    required: field.required,
    default: field.defaultValue,
    values: field.options,
    status: field.status,
    created_at: iso(field.createdAt),
    updated_at: iso(field.updatedAt),
  };
}

// The custom fields that settings of a list name: values to preview with, and its primary key (F-209, F-210).
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type CustomField, fieldValue } from "../../model/custom-field.ts";
import type { ListSettings } from "../../model/list-settings.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { listSubscribers } from "../../store/contact.ts";
import { fieldsOfList, findField } from "../../store/custom-field.ts";
import type { Before } from "./settings.ts";

/** No list has this number: it has the fields that all lists have. */
const NO_LIST = 0;

/** Values to preview with, beside those that are there; null takes one away. */
export async function previewOf(
  app: App,
  before: Before,
  asked: Readonly<Record<string, unknown>> | undefined,
): Promise<Result<Partial<ListSettings>, Problem>> {
  if (asked === undefined) return ok({});
  const fields = await fieldsOfList(app.db, before.id ?? NO_LIST);
  const values = new Map(Object.entries(before.settings.preview_custom_field_data));
  for (const [name, given] of Object.entries(asked)) {
    const field = fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!field) {
      const reason = `must name custom fields of the list: ${name} is none`;
      return fail(invalidField("preview_custom_field_data", reason));
    }
    const written = shortValue(given);
    if (written === null) {
      values.delete(String(field.id));
      continue;
    }
    const value = fieldValue(field, written);
    if (!value.ok) return fail(invalidField(`preview_custom_field_data.${name}`, value.error));
    values.set(String(field.id), value.value);
  }
  return ok({ preview_custom_field_data: Object.fromEntries(values) });
}

/** The value by itself, or out of `{name, type, value}`. */
export function shortValue(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given ?? null;
  const value: unknown = Object.entries(given).find(([key]) => key === "value")?.[1];
  return value ?? null;
}

/** Why a primary key cannot be what it is to become, or null. */
export async function primaryKeyFault(
  app: App,
  before: Before,
  { primary_key_custom_field_id: id }: ListSettings,
): Promise<Problem | null> {
  if (id === before.settings.primary_key_custom_field_id) return null;
  const key = "primary_key_custom_field_id";
  if (before.id !== null && (await hasSubscribers(app, before.id))) {
    return invalidField(key, "may only change while the list has no subscribers");
  }
  if (id === null) return null;
  const field = await findField(app.db, { id });
  return field && mayBeKey(field, before.id)
    ? null
    : invalidField(key, "must be a required custom field of the list, of type text or number");
}

function mayBeKey({ type, required, listId, status }: CustomField, list: number | null): boolean {
  const own = listId === null || listId === list;
  return own && required && status === "active" && (type === "text" || type === "number");
}

async function hasSubscribers(app: App, list: number): Promise<boolean> {
  return (await listSubscribers(app.db, list, { after: 0, limit: 1 })).length > 0;
}

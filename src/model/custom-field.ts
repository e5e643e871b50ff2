// Custom fields of contacts: their types, and what a value of each may be. Pure. The types are those of the
// Mailing Lists API (contract 3.3); the Audience API's five are names for some of them.
import { fail, ok, type Result } from "../lib/result.ts";

export const CUSTOM_FIELD_TYPES = [
  "text",
  "text_multiline",
  "number",
  "date",
  "day_of_year",
  "select_single_dropdown",
  "select_single_radio",
  "select_multiple_checkboxes",
  "boolean",
] as const;
export type CustomFieldType = (typeof CUSTOM_FIELD_TYPES)[number];

/** The Audience API's types, which /v1 takes too (contract 1.4). */
export const AUDIENCE_TYPE_NAMES = ["string", "boolean", "numeric", "date", "dropdown"] as const;
export type AudienceType = (typeof AUDIENCE_TYPE_NAMES)[number];

/** What each is kept as. */
export const AUDIENCE_TYPES: Readonly<Record<AudienceType, CustomFieldType>> = {
  string: "text",
  boolean: "boolean",
  numeric: "number",
  date: "date",
  dropdown: "select_single_dropdown",
};

/** What the Audience API calls each type. */
export const AUDIENCE_TYPE_OF: Readonly<Record<CustomFieldType, AudienceType>> = {
  text: "string",
  text_multiline: "string",
  number: "numeric",
  date: "date",
  day_of_year: "date",
  select_single_dropdown: "dropdown",
  select_single_radio: "dropdown",
  select_multiple_checkboxes: "dropdown",
  boolean: "boolean",
};

/** Types whose values are chosen from `options`. */
export const CHOICE_TYPES: readonly CustomFieldType[] = [
  "select_single_dropdown",
  "select_single_radio",
  "select_multiple_checkboxes",
];

export const CUSTOM_FIELD_STATUSES = ["active", "inactive", "deleted"] as const;
export type CustomFieldStatus = (typeof CUSTOM_FIELD_STATUSES)[number];

/** A field that contacts have. Times are epoch milliseconds. */
export type CustomField = {
  readonly id: number;
  /** 32 hex digits. */
  readonly customId: string;
  /** `lists.id` of the only list that has it; null when all have. */
  readonly listId: number | null;
  readonly name: string;
  readonly type: CustomFieldType;
  readonly required: boolean;
  /** "" when there is none; of several choices, a JSON array. */
  readonly defaultValue: string;
  readonly options: readonly string[];
  /** What only the Mailing Lists API tells: instructions, bounds, rows. */
  readonly extras: Readonly<Record<string, unknown>>;
  readonly status: CustomFieldStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Values are told by name in JSON objects, in which JavaScript loses this one. */
export function isFieldName(name: string): boolean {
  return name !== "__proto__";
}

export const MAX_FIELD_NAME = 255;
export const MAX_FIELDS = 500;
export const MAX_OPTIONS = 1_000;

/** Characters of a text (contract 1.4). */
export const MAX_TEXT = 1_000;

/** A value as it is kept. */
export type FieldValue = string | number | boolean | readonly string[];

const TRUE: readonly unknown[] = [true, 1, "true", "1"];
const FALSE: readonly unknown[] = [false, 0, "false", "0"];

/** A day, or a moment of ISO 8601. */
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
const DAY_OF_YEAR = /^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/** The value to keep of what somebody wrote, or what would be right. */
export function fieldValue(
  field: Pick<CustomField, "type" | "options"> & Partial<Pick<CustomField, "extras">>,
  written: unknown,
): Result<FieldValue, string> {
  const value = typedValue(field, written);
  const fault = value.ok ? boundFault(value.value, field.extras ?? {}) : null;
  return fault === null ? value : fail(fault);
}

/** Why a value is not within the bounds of its field, or null. */
function boundFault(value: FieldValue, extras: CustomField["extras"]): string | null {
  const text = typeof value === "string";
  const size = text ? value.length : value;
  const [least, most] = text
    ? [extras["minimum_length"], extras["maximum_length"]]
    : [extras["minimum_value"], extras["maximum_value"]];
  const unit = text ? " characters" : "";
  if (typeof size !== "number") return null;
  if (typeof least === "number" && size < least) return `must be at least ${least}${unit}`;
  return typeof most === "number" && size > most ? `must be at most ${most}${unit}` : null;
}

function typedValue(
  { type, options }: Pick<CustomField, "type" | "options">,
  written: unknown,
): Result<FieldValue, string> {
  switch (type) {
    case "text":
    case "text_multiline":
      return textValue(written);
    case "number":
      return numberValue(written);
    case "boolean":
      if (TRUE.includes(written)) return ok(true);
      return FALSE.includes(written) ? ok(false) : fail("must be true or false");
    case "date":
      return dateValue(written);
    case "day_of_year":
      return typeof written === "string" && DAY_OF_YEAR.test(written)
        ? ok(written)
        : fail("must be MM-DD");
    case "select_single_dropdown":
    case "select_single_radio":
      return typeof written === "string" && options.includes(written)
        ? ok(written)
        : fail(`must be one of ${options.join(", ")}`);
    case "select_multiple_checkboxes":
      return choicesValue(options, written);
  }
}

/** All but tabs and ends of lines; each is written with six times its length. */
const CONTROLS = /[^\P{Cc}\t\n\r]/u;

function textValue(written: unknown): Result<FieldValue, string> {
  const text = typeof written === "number" ? String(written) : written;
  if (typeof text !== "string") return fail("must be text");
  if (text.length > MAX_TEXT) return fail(`must be at most ${MAX_TEXT} characters`);
  const plain = !CONTROLS.test(text) && text.isWellFormed();
  return plain ? ok(text) : fail("must not have control characters");
}

function numberValue(written: unknown): Result<FieldValue, string> {
  const text = typeof written === "string" ? written.trim() : "";
  const number = typeof written === "number" ? written : text === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? ok(number) : fail("must be a number");
}

function dateValue(written: unknown): Result<FieldValue, string> {
  const reason = "must be YYYY-MM-DD or ISO 8601";
  if (typeof written !== "string" || !DATE.test(written)) return fail(reason);
  const day = written.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  const exists = Number.isFinite(time) && new Date(time).toISOString().startsWith(day);
  return exists && Number.isFinite(Date.parse(written)) ? ok(written) : fail(reason);
}

function choicesValue(options: readonly string[], written: unknown): Result<FieldValue, string> {
  const list: readonly unknown[] = Array.isArray(written) ? written : [written];
  const chosen = options.filter((option) => list.includes(option));
  return list.every((one) => typeof one === "string" && options.includes(one))
    ? ok(chosen)
    : fail(`must be some of ${options.join(", ")}`);
}

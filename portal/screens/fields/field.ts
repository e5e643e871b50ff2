// Custom fields and tags, as the API answers them. Pure.
export type CustomField = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** What its values are, told apart more finely than by the type. */
  readonly kind: string;
  readonly required: boolean;
  readonly default: string;
  readonly values: readonly string[];
  readonly status: string;
};

export type Tag = { readonly id: string; readonly name: string; readonly status: string };

export const TYPES = [
  ["string", "text"],
  ["numeric", "a number"],
  ["date", "a date"],
  ["boolean", "yes or no"],
  ["dropdown", "one of a few"],
  ["select_multiple_checkboxes", "some of a few"],
  ["text_multiline", "text of several lines"],
  ["day_of_year", "a day of the year, MM-DD"],
] as const;

/** Whether somebody new must be given a value: one with a default gets that. */
export function isNeeded(field: Pick<CustomField, "required" | "default">): boolean {
  return field.required && field.default === "";
}

/** Whether the values of a type are chosen from some that are named. */
export function hasChoices(type: string): boolean {
  return type === "dropdown" || type === "select_multiple_checkboxes";
}

/** Choices that were typed with commas between them. */
export function choicesOf(text: string): readonly string[] {
  return text.split(",").map((value) => value.trim());
}

/** The body of POST /v1/custom-fields; choices are given by commas. */
export function fieldBody(fields: {
  readonly name: string;
  readonly type: string;
  readonly values: string;
  readonly required: boolean;
}) {
  const { name, type, required } = fields;
  return {
    name,
    type,
    required,
    ...(hasChoices(type) ? { values: choicesOf(fields.values) } : {}),
  };
}

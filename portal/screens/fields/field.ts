// Custom fields and tags, as the API answers them. Pure.
export type CustomField = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
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
] as const;

/** The body of POST /v1/custom-fields; choices are given by commas. */
export function fieldBody(fields: {
  readonly name: string;
  readonly type: string;
  readonly values: string;
  readonly required: boolean;
}) {
  const { name, type, required } = fields;
  const values = fields.values.split(",").map((value) => value.trim());
  return { name, type, required, ...(type === "dropdown" ? { values } : {}) };
}

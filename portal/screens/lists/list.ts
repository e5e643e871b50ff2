// Lists and who is on them, as /v1/lists and /v1/contacts answer them. Pure.
export type List = {
  readonly id: number;
  readonly list_id: string;
  readonly name: string;
  readonly status: string;
  readonly created_at: string;
};

/** What a custom field may hold. */
export type FieldValue = string | number | boolean | readonly string[];
export type FieldValues = Readonly<Record<string, FieldValue>>;

export type Subscriber = {
  readonly id: number;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly custom_fields: FieldValues;
  readonly status: string;
  readonly subscribed_at: string;
};

/** How a contact may stand to a list, and the words for it. */
export const STATUSES = [
  ["active", "active: gets mail"],
  ["unsubscribed", "unsubscribed"],
  ["scomp", "complained"],
  ["bounced", "bounced"],
  ["deactivated", "deactivated"],
] as const;

/** The words for a status of a list's member. */
export function statusWord(status: string): string {
  return status === "scomp" ? "complaint" : status;
}

/** A value of a custom field as text; "" is none. */
export function textOf(value: FieldValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "object" ? value.join(", ") : String(value);
}

/** Values of custom fields in one line. */
export function valuesText(values: FieldValues): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${textOf(value)}`)
    .join("; ");
}

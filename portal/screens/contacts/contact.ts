// A contact, and what the form about it changes. Pure.
import type { FieldValue, FieldValues } from "../lists/list.ts";

export type Contact = {
  readonly id: number;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly custom_fields: FieldValues;
  readonly created_at: string;
  readonly updated_at: string;
};

export type ContactCard = Contact & {
  readonly tags: readonly string[];
  readonly lists: readonly {
    readonly id: number;
    readonly status: string;
    readonly subscribed_at: string;
    readonly confirmed: boolean;
    readonly subscribe_ip: string;
  }[];
};

/** A value as a form shows it. */
export function textOf(value: FieldValue | undefined): string {
  return value === undefined ? "" : String(value);
}

/** Only the fields that were changed; an empty one takes its value away. */
export function changedFields(
  before: FieldValues,
  typed: Readonly<Record<string, string>>,
): Readonly<Record<string, string | null>> {
  const changed = Object.entries(typed).filter(([name, text]) => textOf(before[name]) !== text);
  return Object.fromEntries(changed.map(([name, text]) => [name, text === "" ? null : text]));
}

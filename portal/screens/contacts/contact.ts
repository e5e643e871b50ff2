// A contact, and what the form about it changes. Pure.
import { type FieldValue, type FieldValues, textOf } from "../lists/list.ts";

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

/** Only the fields that were changed; an empty one takes its value away. */
export function changedFields(
  before: FieldValues,
  given: FieldValues,
): Readonly<Record<string, FieldValue | null>> {
  const changed = Object.entries(given).filter(
    ([name, value]) => textOf(before[name]) !== textOf(value),
  );
  return Object.fromEntries(
    changed.map(([name, value]) => [name, textOf(value) === "" ? null : value]),
  );
}

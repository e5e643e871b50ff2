// A contact, and what the form about it changes. Pure.
import { type CustomField, isNeeded } from "../fields/field.ts";
import { type FieldValue, type FieldValues, type List, textOf } from "../lists/list.ts";

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

/** What the form about a contact holds. */
export type Values = Pick<ContactCard, "first_name" | "last_name" | "custom_fields" | "tags">;

/** The body of PATCH /v1/contacts/:id. Untouched tags may be more than the API takes at once. */
export function changeOf(before: Values, { first_name, last_name, custom_fields, tags }: Values) {
  const isSame = before.tags.join() === tags.join();
  return {
    first_name,
    last_name,
    custom_fields: changedFields(before.custom_fields, custom_fields),
    ...(isSame ? {} : { tags }),
  };
}

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

/** The lists that a contact may be put on: those that it is not on, and that do not rest. */
export function freeLists(
  contact: Pick<ContactCard, "lists">,
  lists: readonly List[],
): readonly List[] {
  const on = new Set(contact.lists.map(({ id }) => id));
  return lists.filter(({ id, status }) => status === "active" && !on.has(id));
}

/** What a contact has of the fields that the API requires of whoever is put on a list. */
export function neededValues(
  contact: Pick<ContactCard, "custom_fields">,
  fields: readonly CustomField[],
): FieldValues {
  const names = new Set(fields.filter(isNeeded).map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(contact.custom_fields).filter(([name]) => names.has(name)),
  );
}

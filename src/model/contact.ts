// Contacts: what a request may say of one, and what is kept. Pure.
import { fail, ok, type Result } from "../lib/result.ts";
import { type CustomField, type FieldValue, fieldValue } from "./custom-field.ts";
import { addressKey, parseAddress } from "./address.ts";

/** How a contact stands to a list (contract 3.3). */
export const MEMBERSHIP_STATUSES = [
  "active",
  "unsubscribed",
  "scomp",
  "bounced",
  "deactivated",
] as const;
export type MembershipStatus = (typeof MEMBERSHIP_STATUSES)[number];

/** A status that events bring takes the place of those with a lower rank only. */
export const MEMBERSHIP_RANK: Readonly<Record<MembershipStatus, number>> = {
  active: 0,
  bounced: 1,
  unsubscribed: 2,
  scomp: 3,
  deactivated: 4,
};

/** Values by `custom_fields.id`. */
export type FieldValues = Readonly<Record<string, FieldValue>>;

/** A person that mail is sent to. Times are epoch milliseconds. */
export type Contact = {
  readonly id: number;
  /** Lower-cased address; never changes. */
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Of fields that all lists have. */
  readonly fields: FieldValues;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** What is to be written of a contact: null leaves a name as it is, "" where it is new. */
export type ContactWrite = {
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly fields: Values;
};

/** Values of the fields that all lists have, and of those that the one list has. */
export type Values = { readonly all: FieldValues; readonly list: FieldValues };

/** Contacts of one request that is accepted and not written yet. */
export type ContactJob = {
  readonly update: boolean;
  readonly tagIds: readonly number[];
  /** Values that those have who are new, where none is given. */
  readonly defaults: Values;
  readonly contacts: readonly ContactWrite[];
};

/** Characters of a first or last name; none of them controls anything. */
export const MAX_NAME = 255;

/** What a request says of a contact. */
export type ContactAsked = {
  readonly email: unknown;
  readonly firstName: unknown;
  readonly lastName: unknown;
  /** By name; a name counts without case. */
  readonly fields: Readonly<Record<string, unknown>>;
};

/**
 * What is to be written, or why a contact is refused, in the words of contract 1.4. `fields` are the active
 * ones that its list has. Whether the address exists already is for the store to say.
 */
export function contactWrite(
  asked: ContactAsked,
  fields: readonly CustomField[],
): Result<ContactWrite, string> {
  const { email } = asked;
  if (email === undefined || email === null || email === "") return fail("Email is required");
  const address = typeof email === "string" ? parseAddress(email.trim()) : null;
  if (!address?.ok) return fail("Invalid email");
  const firstName = nameOf(asked.firstName);
  const lastName = nameOf(asked.lastName);
  if (firstName === undefined) return fail("Invalid first name");
  if (lastName === undefined) return fail("Invalid last name");
  const values = valuesOf(asked.fields, fields);
  if (!values.ok) return values;
  return ok({ email: addressKey(address.value), firstName, lastName, fields: values.value });
}

/** A name, null when none is given, undefined when it is none. */
function nameOf(given: unknown): string | null | undefined {
  if (given === undefined || given === null) return null;
  const fits = typeof given === "string" && given.length <= MAX_NAME;
  return fits && /^\P{Cc}*$/u.test(given) && given.isWellFormed() ? given : undefined;
}

function valuesOf(
  asked: ContactAsked["fields"],
  fields: readonly CustomField[],
): Result<Values, string> {
  const values = noValues();
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  for (const [name, written] of Object.entries(asked)) {
    const field = byName.get(name.toLowerCase());
    if (!field) return fail(`Unknown custom field ${name}`);
    if (written === null || written === "") continue;
    const value = fieldValue(field, written);
    if (!value.ok) return fail(`Invalid value for custom field ${field.name}`);
    values[placeOf(field)][field.id] = value.value;
  }
  const missing = fields.find(
    (field) =>
      field.required && values[placeOf(field)][field.id] === undefined && defaultOf(field) === null,
  );
  return missing ? fail(`Custom field ${missing.name} is required`) : ok(values);
}

/** The defaults of fields, for those who are new. */
export function defaultsOf(fields: readonly CustomField[]): Values {
  const defaults = noValues();
  for (const field of fields) {
    const fallback = defaultOf(field);
    if (fallback !== null) defaults[placeOf(field)][field.id] = fallback;
  }
  return defaults;
}

function noValues(): Record<keyof Values, Record<string, FieldValue>> {
  return { all: {}, list: {} };
}

function placeOf({ listId }: CustomField): keyof Values {
  return listId === null ? "all" : "list";
}

/** The default of a field as a value; null when it has none. */
export function defaultOf(field: CustomField): FieldValue | null {
  if (field.defaultValue === "") return null;
  const many = field.type === "select_multiple_checkboxes";
  const written: unknown = many ? JSON.parse(field.defaultValue) : field.defaultValue;
  const value = fieldValue(field, written);
  return value.ok ? value.value : null;
}

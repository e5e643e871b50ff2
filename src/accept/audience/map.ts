// The Audience API's names for lists, fields, tags and contacts (contract 1.4): nothing is stored twice.
import type { ContactWrite } from "../../model/contact.ts";
import { contactWrite } from "../../model/contact.ts";
import { AUDIENCE_TYPE_OF, type CustomField } from "../../model/custom-field.ts";
import type { List } from "../../model/list.ts";
import type { Tag } from "../../model/tag.ts";
import type { ContactBody } from "./schema.ts";

/** 1 is active, 2 is not. */
function statusNumber(status: string): number {
  return status === "active" ? 1 : 2;
}

/** `YYYY-MM-DDThh:mm:ssZ`. */
function seconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

export function shownList({ name, listId, status, createdAt, updatedAt }: List) {
  return {
    name,
    list_id: listId,
    status: statusNumber(status),
    created_at: seconds(createdAt),
    updated_at: seconds(updatedAt),
  };
}

export function shownField(field: CustomField) {
  return {
    name: field.name,
    custom_id: field.customId,
    type: AUDIENCE_TYPE_OF[field.type],
    values: field.options.join(","),
    status: statusNumber(field.status),
    created_at: seconds(field.createdAt),
    updated_at: seconds(field.updatedAt),
    required: field.required ? 1 : 0,
    default: field.defaultValue,
  };
}

export function shownTag({ tagId, name, status, createdAt, modifiedAt }: Tag) {
  return {
    tag_id: tagId,
    name,
    status: statusNumber(status),
    created_at: seconds(createdAt),
    modified_at: seconds(modifiedAt),
  };
}

/** A page of lists or fields. */
export function envelope(data: readonly unknown[], limit: number, total: number) {
  const message = "Request processed successfully.";
  return { data, error: {}, limit, message, status: 200, total };
}

/** A page of tags, which has an envelope of its own (C-43). */
export function tagEnvelope(data: readonly unknown[], limit: number, total: number) {
  return { data, limit, message: "Success", status: true, statuscode: 200, total };
}

/** One contact of a request, as it came. */
type Given = ContactBody["data"][number];

/** What becomes of the contacts of a request: in their order, as they came. */
export type Sorted = {
  readonly valid: readonly { readonly given: Given; readonly contact: ContactWrite }[];
  readonly invalid: readonly { readonly given: Given; readonly reason: string }[];
};

/** Tells valid contacts from invalid ones; the first of several with one address counts (C-46). */
export function sortContacts(data: readonly Given[], fields: readonly CustomField[]): Sorted {
  const seen = new Set<string>();
  const valid: Sorted["valid"][number][] = [];
  const invalid: Sorted["invalid"][number][] = [];
  for (const given of data) {
    const contact = contactWrite(
      {
        email: given["email"],
        firstName: given["first_name"],
        lastName: given["last_name"],
        fields: fieldsOf(given["custom_fields"]),
      },
      fields,
    );
    if (!contact.ok) invalid.push({ given, reason: contact.error });
    else if (seen.has(contact.value.email)) invalid.push({ given, reason: TWICE });
    else valid.push({ given, contact: contact.value });
    if (contact.ok) seen.add(contact.value.email);
  }
  return { valid, invalid };
}

/** The words of the document. */
const TWICE = "Contact already exists in request, not unique";
const EXISTS = "Contact already exists";

/** Refuses those that exist already. */
export function withoutExisting({ valid, invalid }: Sorted, known: ReadonlySet<string>): Sorted {
  const [old, fresh] = [true, false].map((want) =>
    valid.filter(({ contact }) => known.has(contact.email) === want),
  );
  return {
    valid: fresh ?? [],
    invalid: [...invalid, ...(old ?? []).map(({ given }) => ({ given, reason: EXISTS }))],
  };
}

/** The report of a request; the reason stands under two keys (C-42). */
export function report({ valid, invalid }: Sorted) {
  return {
    status: 202,
    message: "Request processed successfully.",
    data: {
      invalid_contacts: invalid.map(({ given, reason }) => ({ ...given, string: reason, reason })),
      total_invalid: invalid.length,
      total_valid: valid.length,
      valid_contacts: valid.map(({ given }) => given),
    },
    error: {},
  };
}

function fieldsOf(given: unknown): Readonly<Record<string, unknown>> {
  if (given === undefined || given === null) return {};
  return typeof given === "object" && !Array.isArray(given)
    ? Object.fromEntries(Object.entries(given))
    : { custom_fields: given };
}

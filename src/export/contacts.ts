// Contacts as an export has them: all, or those of one list with their place on it; a column for each custom
// field. What comes out can go in: an import knows the names of the columns.
import { cellText, type TableShape } from "../lib/table.ts";
import type { Contact, FieldValues } from "../model/contact.ts";
import type { FieldValue } from "../model/custom-field.ts";
import type { Export, ExportColumn } from "../model/export.ts";
import type { Membership } from "../store/contact.ts";
import { type ContactRange, pageContacts, pageSubscribers } from "../store/contact-export.ts";
import type { Source } from "./source.ts";

/** A row has some kB; each costs a look at every list, so a page is smaller than others. */
const PAGE_ROWS = 500;

/** A record: what contacts of that export have besides their custom fields, in the order of the columns. */
type ContactRecord = {
  readonly known: Readonly<Record<string, unknown>>;
  readonly fields: FieldValues;
};

/** Columns of every contact, and of those on a list. */
const CONTACT = ["email", "first_name", "last_name", "tags", "lists", "created_at", "updated_at"];
const SUBSCRIBER = [
  "email",
  "first_name",
  "last_name",
  "tags",
  "status",
  "subscribed_at",
  "subscribe_ip",
  "confirmed",
  "email_format",
  "created_at",
  "updated_at",
];

/** Contacts in the order of their ids. */
export function contactSource(one: Export): Source<ContactRecord> {
  const { list, columns } = one.filters;
  return {
    shape: shapeOf(list ? SUBSCRIBER : CONTACT, columns ?? []),
    async read(db, { from, to, logEnd }, cursor) {
      const range = { after: Number(cursor ?? 0), upTo: logEnd, from, to, limit: PAGE_ROWS };
      const records = await (list ? readList(db, list.id, range) : readAll(db, range));
      const next = records.length === PAGE_ROWS ? (records.at(-1)?.next ?? null) : null;
      return { records, next };
    },
  };
}

async function readAll(db: D1Database, range: ContactRange) {
  return (await pageContacts(db, range)).map(({ contact, memberships, tags }) => {
    const lists = memberships.map(({ listId, status }) => ({ id: listId, status }));
    return {
      item: { known: { ...personOf(contact), tags, lists }, fields: contact.fields },
      next: String(contact.id),
    };
  });
}

async function readList(db: D1Database, listId: number, range: ContactRange) {
  return (await pageSubscribers(db, listId, range)).map(({ contact, membership, tags }) => ({
    item: {
      known: { ...personOf(contact), tags, ...placeOf(membership) },
      fields: { ...contact.fields, ...membership.fields },
    },
    next: String(contact.id),
  }));
}

function personOf(contact: Contact) {
  return {
    email: contact.email,
    first_name: contact.firstName,
    last_name: contact.lastName,
    created_at: iso(contact.createdAt),
    updated_at: iso(contact.updatedAt),
  };
}

function placeOf(place: Membership) {
  return {
    status: place.status,
    subscribed_at: iso(place.subscribedAt),
    subscribe_ip: place.subscribeIp,
    confirmed: place.confirmed,
    email_format: place.emailFormat,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** A field named like a column of every contact stands behind `custom_fields.`. */
function headingOf({ name }: ExportColumn, known: readonly string[]): string {
  return known.includes(name.toLowerCase()) ? `custom_fields.${name}` : name;
}

function shapeOf(
  known: readonly string[],
  columns: readonly ExportColumn[],
): TableShape<ContactRecord> {
  return {
    columns: [...known, ...columns.map((column) => headingOf(column, known))],
    cells: (item) => [
      ...known.map((name) => cellText(item.known[name])),
      ...columns.map(({ id }) => cellText(item.fields[id])),
    ],
    json: ({ known: person, fields }) => ({
      ...person,
      custom_fields: namedFields(columns, fields),
    }),
  };
}

function namedFields(columns: readonly ExportColumn[], fields: FieldValues) {
  const named = columns.map(({ id, name }): [string, FieldValue | null] => [
    name,
    fields[id] ?? null,
  ]);
  return Object.fromEntries(named);
}

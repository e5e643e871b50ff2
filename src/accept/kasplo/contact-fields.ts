// How /v1 shows contacts: values of custom fields by the names that the fields have now. Those of a deleted
// field are seen only in what is kept of an address.
import * as z from "zod";
import { type Contact, type FieldValues, MEMBERSHIP_STATUSES } from "../../model/contact.ts";
import type { ContactCard, Membership, Subscriber } from "../../store/contact.ts";
import { fieldNames } from "../../store/custom-field.ts";
import { iso, isoTime } from "./native.ts";

const valuesView = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
  .describe("Values by the names of their fields");

const placeView = {
  status: z.enum(MEMBERSHIP_STATUSES),
  subscribed_at: isoTime,
  subscribe_ip: z.string(),
  confirmed: z.boolean(),
  email_format: z.enum(["html", "plaintext"]),
};

const personView = {
  id: z.int(),
  email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  custom_fields: valuesView,
};

/** One of many contacts in an answer. */
export const contactItemView = z.object({
  ...personView,
  created_at: isoTime,
  updated_at: isoTime,
});

/** A contact in an answer. */
export const contactView = contactItemView.extend({
  tags: z.array(z.string()).describe("Ids of tags"),
  lists: z.array(z.object({ id: z.int(), ...placeView, custom_fields: valuesView })),
});

/** A contact in an answer about one list. */
export const subscriberView = z.object({ ...personView, ...placeView });

/** Names of fields, by `custom_fields.id`. */
type Names = ReadonlyMap<string, string>;

/** Contacts with their lists and tags; `kept`: with the values of deleted fields too. */
export async function shownCards(
  db: D1Database,
  cards: readonly ContactCard[],
  which: "shown" | "kept" = "shown",
) {
  const values = cards.flatMap(({ contact, memberships }) => [contact, ...memberships]);
  const names = await fieldNames(db, idsOf(values), which);
  return cards.map((card) => shownCard(card, names));
}

/** Contacts without their lists and tags. */
export async function shownContacts(db: D1Database, contacts: readonly Contact[]) {
  const names = await fieldNames(db, idsOf(contacts), "shown");
  return contacts.map((contact) => shownContact(contact, names));
}

function shownContact(contact: Contact, names: Names) {
  return {
    id: contact.id,
    email: contact.email,
    first_name: contact.firstName,
    last_name: contact.lastName,
    custom_fields: named(contact.fields, names),
    created_at: iso(contact.createdAt),
    updated_at: iso(contact.updatedAt),
  };
}

function shownCard({ contact, memberships, tags }: ContactCard, names: Names) {
  return {
    ...shownContact(contact, names),
    tags,
    lists: memberships.map((place) => ({
      id: place.listId,
      ...shownPlace(place),
      custom_fields: named(place.fields, names),
    })),
  };
}

/** Contacts as one list has them, with its own fields among the others. */
export async function shownSubscribers(db: D1Database, subscribers: readonly Subscriber[]) {
  const values = subscribers.flatMap(({ contact, membership }) => [contact, membership]);
  const names = await fieldNames(db, idsOf(values), "shown");
  return subscribers.map(({ contact, membership }) => ({
    id: contact.id,
    email: contact.email,
    first_name: contact.firstName,
    last_name: contact.lastName,
    custom_fields: named({ ...contact.fields, ...membership.fields }, names),
    ...shownPlace(membership),
  }));
}

function shownPlace(place: Membership) {
  return {
    status: place.status,
    subscribed_at: iso(place.subscribedAt),
    subscribe_ip: place.subscribeIp,
    confirmed: place.confirmed,
    email_format: place.emailFormat,
  };
}

function idsOf(all: readonly { readonly fields: FieldValues }[]): readonly string[] {
  return [...new Set(all.flatMap(({ fields }) => Object.keys(fields)))];
}

function named(values: FieldValues, names: Names): FieldValues {
  const shown = Object.entries(values).flatMap(([id, value]) => {
    const name = names.get(id);
    return name === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(shown);
}

// How /v1 shows contacts.
import type { ContactCard, Membership, Subscriber } from "../../store/contact.ts";
import { iso } from "./native.ts";

/** A contact with its lists and tags; values by the ids of their fields. */
export function shownCard({ contact, memberships, tags }: ContactCard) {
  return {
    id: contact.id,
    email: contact.email,
    first_name: contact.firstName,
    last_name: contact.lastName,
    custom_fields: contact.fields,
    tags,
    lists: memberships.map(shownMembership),
    created_at: iso(contact.createdAt),
    updated_at: iso(contact.updatedAt),
  };
}

function shownMembership(place: Membership) {
  return {
    id: place.listId,
    status: place.status,
    subscribed_at: iso(place.subscribedAt),
    subscribe_ip: place.subscribeIp,
    confirmed: place.confirmed,
    email_format: place.emailFormat,
    custom_fields: place.fields,
  };
}

/** A contact as a list has it. */
export function shownSubscriber({ contact, membership }: Subscriber) {
  const { id: _, custom_fields: own, ...place } = shownMembership(membership);
  return {
    id: contact.id,
    email: contact.email,
    first_name: contact.firstName,
    last_name: contact.lastName,
    custom_fields: { ...contact.fields, ...own },
    ...place,
  };
}

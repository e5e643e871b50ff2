// SQL of contacts and their places on lists: finding, pages by key, changes, removal.
import type { Contact, FieldValues, MembershipStatus } from "../model/contact.ts";
import type { FieldValue } from "../model/custom-field.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";

/** The columns that make a Contact. */
export const COLUMNS =
  "c.id, c.email, c.first_name, c.last_name, c.fields, c.created_at, c.updated_at";

export type ContactRow = {
  id: number;
  email: string;
  first_name: string;
  last_name: string;
  fields: string;
  created_at: number;
  updated_at: number;
};

export function decode(row: ContactRow): Contact {
  return {
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    fields: stored<FieldValues>(row.fields),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A contact's place on a list. */
export type Membership = {
  readonly listId: number;
  readonly status: MembershipStatus;
  readonly subscribedAt: number;
  readonly subscribeIp: string;
  readonly confirmed: boolean;
  readonly emailFormat: "html" | "plaintext";
  /** Values of the fields that only this list has. */
  readonly fields: FieldValues;
};

/** The columns that make a Membership. */
export const PLACE = `m.list_id, m.status, m.subscribed_at, m.subscribe_ip, m.confirmed, m.email_format,
  m.fields as lists_own`;

export type PlaceRow = {
  list_id: number;
  status: MembershipStatus;
  subscribed_at: number;
  subscribe_ip: string;
  confirmed: number;
  email_format: "html" | "plaintext";
  lists_own: string;
};

function decodePlace(row: PlaceRow): Membership {
  return {
    listId: row.list_id,
    status: row.status,
    subscribedAt: row.subscribed_at,
    subscribeIp: row.subscribe_ip,
    confirmed: row.confirmed === 1,
    emailFormat: row.email_format,
    fields: stored<FieldValues>(row.lists_own),
  };
}

/** A contact on a list. */
export type Subscriber = { readonly contact: Contact; readonly membership: Membership };

export function decodeSubscriber(row: ContactRow & PlaceRow): Subscriber {
  return { contact: decode(row), membership: decodePlace(row) };
}

/** A contact with all its lists and tags. */
export type ContactCard = {
  readonly contact: Contact;
  readonly memberships: readonly Membership[];
  /** `tags.tag_id`. */
  readonly tags: readonly string[];
};

/** Lists are few: each is looked up by key, which costs no index of its own. A cross join keeps that order. */
const PLACES_OF = `select m.contact_id, ${PLACE} from lists l cross join json_each(?1) n
  cross join memberships m on m.list_id = l.id and m.contact_id = n.value
  where l.status <> 'deleted' order by m.contact_id, l.id`;

/** Tags of the contacts in ?1. */
export const TAGS_OF = `select ct.contact_id, t.tag_id from tags t cross join json_each(?1) n
  cross join contact_tags ct on ct.tag_id = t.id and ct.contact_id = n.value
  order by ct.contact_id, t.id`;

/** The contacts with their lists and tags, in the same order. */
export async function cardsOf(
  db: D1Database,
  contacts: readonly Contact[],
): Promise<readonly ContactCard[]> {
  if (contacts.length === 0) return [];
  const ids = JSON.stringify(contacts.map(({ id }) => id));
  const results = await batch(db, [statement(db, PLACES_OF, ids), statement(db, TAGS_OF, ids)]);
  const places = Map.groupBy(
    rowsOf<PlaceRow & { contact_id: number }>(results[0]),
    (row) => row.contact_id,
  );
  const tags = Map.groupBy(
    rowsOf<{ contact_id: number; tag_id: string }>(results[1]),
    (row) => row.contact_id,
  );
  return contacts.map((contact) => ({
    contact,
    memberships: (places.get(contact.id) ?? []).map(decodePlace),
    tags: (tags.get(contact.id) ?? []).map((row) => row.tag_id),
  }));
}

/** The contact with a decimal id or an address, or null. */
export async function findContact(
  db: D1Database,
  name: { readonly id: number } | { readonly email: string },
): Promise<ContactCard | null> {
  const found = await rows<ContactRow>(
    statement(
      db,
      `select ${COLUMNS} from contacts c where c.${"id" in name ? "id" : "email"} = ?1`,
      "id" in name ? name.id : name.email,
    ),
  );
  return (await cardsOf(db, found.map(decode)))[0] ?? null;
}

/** The oldest contacts behind an id, without their lists and tags: those would cost a look at every list. */
export async function listContacts(
  db: D1Database,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly Contact[]> {
  const found = await rows<ContactRow>(
    statement(
      db,
      `select ${COLUMNS} from contacts c where c.id > ?1 order by c.id limit ?2`,
      page.after,
      page.limit,
    ),
  );
  return found.map(decode);
}

/** The subscribers of a list behind a contact's id, in the order of the ids: 2 rows read each. */
export async function listSubscribers(
  db: D1Database,
  listId: number,
  page: { readonly after: number; readonly limit: number; readonly offset?: number },
): Promise<readonly Subscriber[]> {
  const found = await rows<ContactRow & PlaceRow>(
    statement(
      db,
      `select ${COLUMNS}, ${PLACE}
       from (select list_id, contact_id, status, subscribed_at, subscribe_ip, confirmed, email_format, fields
         from memberships where list_id = ?1 and contact_id > ?2
         order by contact_id limit ?3 offset ?4) m
       join contacts c on c.id = m.contact_id order by m.contact_id`,
      listId,
      page.after,
      page.limit,
      page.offset ?? 0,
    ),
  );
  return found.map(decodeSubscriber);
}

/** Those subscribers of a list that have one of these decimal ids or addresses. */
export async function findSubscribers(
  db: D1Database,
  listId: number,
  names: { readonly ids: readonly number[]; readonly emails: readonly string[] },
): Promise<readonly Subscriber[]> {
  const found = await rows<ContactRow & PlaceRow>(
    statement(
      db,
      `select ${COLUMNS}, ${PLACE} from (
         select value as id from json_each(?2)
         union select id from contacts where email in (select value from json_each(?3))) n
       join contacts c on c.id = n.id
       join memberships m on m.list_id = ?1 and m.contact_id = c.id order by c.id`,
      listId,
      JSON.stringify(names.ids),
      JSON.stringify(names.emails),
    ),
  );
  return found.map(decodeSubscriber);
}

/** Jobs looked into for contacts that are accepted and not written yet: those of the last moment. */
const WAITING_JOBS = 20;

/** Which of these addresses are contacts, or soon will be. */
export async function contactsAmong(
  db: D1Database,
  emails: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await rows<{ email: string }>(
    statement(
      db,
      `select email from contacts where email in (select value from json_each(?1))
       union select c.value ->> 'email'
       from (select job from contact_jobs order by id desc limit ${WAITING_JOBS}) j,
         json_each(j.job, '$.contacts') c
       where c.value ->> 'email' in (select value from json_each(?1))`,
      JSON.stringify(emails),
    ),
  );
  return new Set(found.map(({ email }) => email));
}

/** Values that take the place of those that are there; null takes one away. */
export type ValueChanges = Readonly<Record<string, FieldValue | null>>;

/** What of a contact may change; null leaves it. Values are added to those that are there. */
export type ContactChange = {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly fields: ValueChanges;
  readonly now: number;
};

/** Changes a contact; false when there is none. */
export async function changeContact(
  db: D1Database,
  id: number,
  change: ContactChange,
): Promise<boolean> {
  const found = await rows<{ id: number }>(
    statement(
      db,
      `update contacts set first_name = coalesce(?2, first_name), last_name = coalesce(?3, last_name),
         fields = json_patch(fields, ?4), updated_at = ?5 where id = ?1 returning id`,
      id,
      change.firstName,
      change.lastName,
      JSON.stringify(change.fields),
      change.now,
    ),
  );
  return found.length > 0;
}

/** What of a place on a list may change; null leaves it. */
export type MembershipChange = {
  readonly status: MembershipStatus | null;
  readonly subscribeIp: string | null;
  readonly confirmed: boolean | null;
  readonly emailFormat: "html" | "plaintext" | null;
  readonly fields: ValueChanges;
};

/** Changes a contact's place on a list; false when it has none there. */
export async function changeMembership(
  db: D1Database,
  place: { readonly listId: number; readonly contactId: number },
  change: MembershipChange,
): Promise<boolean> {
  const { confirmed } = change;
  const found = await rows<{ contact_id: number }>(
    statement(
      db,
      `update memberships set status = coalesce(?3, status), subscribe_ip = coalesce(?4, subscribe_ip),
         confirmed = coalesce(?5, confirmed), email_format = coalesce(?6, email_format),
         fields = json_patch(fields, ?7)
       where list_id = ?1 and contact_id = ?2 returning contact_id`,
      place.listId,
      place.contactId,
      change.status,
      change.subscribeIp,
      confirmed === null ? null : confirmed ? 1 : 0,
      change.emailFormat,
      JSON.stringify(change.fields),
    ),
  );
  return found.length > 0;
}

/** Takes a contact from a list; false when it was not on it. */
export async function leaveList(
  db: D1Database,
  place: { readonly listId: number; readonly contactId: number },
): Promise<boolean> {
  const found = await rows<{ contact_id: number }>(
    statement(
      db,
      "delete from memberships where list_id = ?1 and contact_id = ?2 returning contact_id",
      place.listId,
      place.contactId,
    ),
  );
  return found.length > 0;
}

// SQL that writes contacts in bulk, with their places on a list and their tags: the statements of jobs and
// imports, which put them into a transaction of their own. Written twice is as written once.
import type { ContactJob } from "../model/contact.ts";
import { type Parameter, statement } from "./db.ts";

/** Contacts for one list, no two with the same address. */
export type ContactsWrite = ContactJob & {
  readonly listId: number;
  readonly now: number;
  /** A condition in SQL without which nothing is written; its parameters begin with ?7. */
  readonly guard: { readonly sql: string; readonly parameters: readonly Parameter[] };
};

/** The contacts as rows: r. */
const GIVEN = `(select value ->> 'email' as email, value ->> 'firstName' as first_name,
  value ->> 'lastName' as last_name, value -> '$.fields.all' as own, value -> '$.fields.list' as lists_own
  from json_each(?1))`;

/** The statements, in their order: 2 rows a new contact, 1 its place on the list, 1 each tag. */
export function writeContacts(db: D1Database, write: ContactsWrite): D1PreparedStatement[] {
  const { sql: guard, parameters } = write.guard;
  const given = [
    JSON.stringify(write.contacts),
    write.listId,
    write.now,
    write.update ? 1 : 0,
    JSON.stringify(write.tagIds),
    JSON.stringify(write.defaults),
    ...parameters,
  ];
  // Numbered parameters must all be named: each statement has the same ones.
  const all = `(?1 <> '' and ?2 is not null and ?3 is not null and ?4 is not null and ?5 <> ''
    and ?6 <> '') and ${guard}`;
  const run = (text: string) => statement(db, text, ...given);
  return [
    run(
      `update contacts set first_name = coalesce(r.first_name, contacts.first_name),
         last_name = coalesce(r.last_name, contacts.last_name),
         fields = json_patch(contacts.fields, r.own), updated_at = ?3
       from ${GIVEN} r where contacts.email = r.email and ?4 = 1 and ${all}`,
    ),
    run(
      `insert into contacts (email, first_name, last_name, fields, created_at, updated_at)
       select r.email, coalesce(r.first_name, ''), coalesce(r.last_name, ''),
         json_patch(?6 -> '$.all', r.own), ?3, ?3
       from ${GIVEN} r where ${all} on conflict do nothing`,
    ),
    run(
      // The limit keeps the inner rows first: else SQLite reads the whole list for them.
      `update memberships set fields = json_patch(memberships.fields, r.lists_own)
       from (select ?2 as list_id, c.id, r.lists_own
         from ${GIVEN} r cross join contacts c on c.email = r.email limit -1) r
       where memberships.list_id = r.list_id and memberships.contact_id = r.id
         and ?4 = 1 and r.lists_own <> '{}' and ${all}`,
    ),
    run(
      `insert into memberships (list_id, contact_id, status, subscribed_at, fields)
       select ?2, c.id, 'active', ?3, json_patch(?6 -> '$.list', r.lists_own)
       from ${GIVEN} r join contacts c on c.email = r.email where ${all} on conflict do nothing`,
    ),
    run(
      `insert into contact_tags (tag_id, contact_id)
       select t.value, c.id from ${GIVEN} r join contacts c on c.email = r.email, json_each(?5) t
       where ${all} on conflict do nothing`,
    ),
  ];
}

/** SQL that counts those of the contacts in ?1 that exist already. */
export const EXISTING = `(select count(*) from ${GIVEN} r join contacts c on c.email = r.email)`;

// SQL of contacts for a file: pages by key, those of a time only.
import {
  cardsOf,
  COLUMNS,
  type ContactCard,
  type ContactRow,
  decode,
  decodeSubscriber,
  PLACE,
  type PlaceRow,
  type Subscriber,
  TAGS_OF,
} from "./contact.ts";
import { rows, statement } from "./db.ts";

/** Which contacts: behind one id and up to another, of a time (epoch milliseconds, both ends included). */
export type ContactRange = {
  readonly after: number;
  readonly upTo: number;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
};

/** Contacts that were added in a time, with their lists and tags. */
export async function pageContacts(
  db: D1Database,
  { after, upTo, from, to, limit }: ContactRange,
): Promise<readonly ContactCard[]> {
  const found = await rows<ContactRow>(
    statement(
      db,
      `select ${COLUMNS} from contacts c
       where c.id > ?1 and c.id <= ?2 and c.created_at between ?3 and ?4 order by c.id limit ?5`,
      after,
      upTo,
      from,
      to,
      limit,
    ),
  );
  return cardsOf(db, found.map(decode));
}

/** A subscriber with its tags (`tags.tag_id`). */
export type TaggedSubscriber = Subscriber & { readonly tags: readonly string[] };

/** The subscribers that came onto a list in a time, with their tags. */
export async function pageSubscribers(
  db: D1Database,
  listId: number,
  { after, upTo, from, to, limit }: ContactRange,
): Promise<readonly TaggedSubscriber[]> {
  const found = await rows<ContactRow & PlaceRow>(
    statement(
      db,
      `select ${COLUMNS}, ${PLACE}
       from (select list_id, contact_id, status, subscribed_at, subscribe_ip, confirmed, email_format, fields
         from memberships where list_id = ?6 and contact_id > ?1 and contact_id <= ?2
         and subscribed_at between ?3 and ?4 order by contact_id limit ?5) m
       join contacts c on c.id = m.contact_id order by m.contact_id`,
      after,
      upTo,
      from,
      to,
      limit,
      listId,
    ),
  );
  const ids = JSON.stringify(found.map(({ id }) => id));
  const tagged = await rows<{ contact_id: number; tag_id: string }>(statement(db, TAGS_OF, ids));
  const tags = Map.groupBy(tagged, (row) => row.contact_id);
  return found.map((row) => ({
    ...decodeSubscriber(row),
    tags: (tags.get(row.id) ?? []).map(({ tag_id }) => tag_id),
  }));
}

// Copies of one delivered message, by the million: with their contents and deliveries, each to an address of its own.
import type { Stage } from "./ground.ts";

/** Rows of one statement: one statement has 30 s. */
const ROWS = 20_000;

/** The numbers of copies. A number that is bound comes as a float, and its text would end with `.0`. */
export const NUMBERS =
  "with recursive n(i) as (select cast(?2 as integer) union all select i + 1 from n where i < ?3)";
/** The template's id with its last 12 digits replaced by the number of its copy. */
export const COPY_ID = "substr(?1, 1, 24) || printf('%012x', i)";
/** Who a copy is for. */
export const COPY_EMAIL = "'stored' || i || '@example.com'";

/** A message with what belongs to it. */
export const MESSAGE_COPIES = [
  `${NUMBERS} insert into contents (id, message_id, head, parts)
   select c.id + 10000000 + i, ${COPY_ID}, c.head, c.parts from n, contents c where c.message_id = ?1`,
  `${NUMBERS} insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
     tags, send_id, list_id, metadata, recipients, on_ambiguous, size, content_id)
   select ${COPY_ID}, created_at, key_id, mail_class, from_address, from_name, subject, tags, send_id,
     list_id, metadata, json_replace(recipients, '$[0].address', ${COPY_EMAIL}),
     on_ambiguous, size, content_id + 10000000 + i from n, messages where id = ?1`,
  `${NUMBERS} insert into deliveries (recipient, message_id, position, lane, state, expires_at)
   select ${COPY_EMAIL}, ${COPY_ID}, 0, m.mail_class, 'delivered', m.created_at
   from n, messages m where m.id = ?1`,
];

/** Makes rows numbered `first` to `last`: statements whose ?1 is `bound`, and ?2 and ?3 are numbers. */
export async function makeRows(
  sql: Stage["sql"],
  statements: readonly string[],
  bound: string | number,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<void> {
  for (let from = first; from <= last; from += ROWS) {
    const to = Math.min(last, from + ROWS - 1);
    for (const statement of statements) await sql(statement, [bound, from, to]);
  }
}

// SQL of the items of a message row `m`: one row may hold many messages (model/message-item.ts). Everything
// that looks from a message's id for its row, or from a row for its messages, does it by these.

/** Columns that an item may have of its own; what it leaves out is the row's. */
export type ItemColumn =
  | "mail_class"
  | "from_address"
  | "from_name"
  | "subject"
  | "tags"
  | "send_id"
  | "list_id"
  | "metadata"
  | "on_ambiguous"
  | "size"
  | "form"
  | "send_at";

/** The number of the item with this id (SQL), in a row that has items. */
export function itemNumber(id: string): string {
  return `cast(substr(${id}, 34) as integer)`;
}

/** The id of the row that holds the message with this id (SQL). */
export function rowOf(id: string): string {
  return `coalesce((select id from messages where id = ${id}), substr(${id}, 1, 33) || '000')`;
}

/** Whether the row `m` that was found for an id (SQL) has a message of this id. */
export function isThere(id: string): string {
  const exact = `substr(${id}, 34) = printf('%03d', ${itemNumber(id)})`;
  return `iif(m.items is null, m.id = ${id},
    ${exact} and m.items ->> (${itemPath(id)} || '.recipients') is not null)`;
}

/** Joins the row `m` of the message with this id (SQL). */
export function joinMessage(id: string): string {
  return `join messages m on m.id = ${rowOf(id)}`;
}

/** The path of an item of `m.items`, by the id of its message (SQL). */
export function itemPath(id: string): string {
  return `'$[' || ${itemNumber(id)} || ']'`;
}

/** A column of the message with this id (SQL), whose row is `m`. */
export function ofMessage(id: string, column: ItemColumn): string {
  return `coalesce(m.items ->> (${itemPath(id)} || '.${column}'), m.${column})`;
}

/** Such columns by their names, for a select. */
export function columnsOf(id: string, columns: readonly ItemColumn[]): string {
  return columns.map((column) => `${ofMessage(id, column)} as ${column}`).join(", ");
}

/** The recipients of the message with this id (SQL), whose row is `m`: a JSON array. */
export function recipientsOf(id: string): string {
  return `coalesce(m.items -> (${itemPath(id)} || '.recipients'), m.recipients)`;
}

/** The messages of row `m`, as `i`: a row without items is the one message. */
export const ITEMS = "json_each(coalesce(m.items, '[{}]')) i";

/** The recipients of all messages of row `m`, as `r`, with their message as `i`. */
export const RECIPIENTS = `${ITEMS} join json_each(coalesce(i.value -> 'recipients', m.recipients)) r`;

/** The id of the message `i`. */
export const ITEM_ID = "iif(m.items is null, m.id, substr(m.id, 1, 33) || printf('%03d', i.key))";

/** A column of the message `i`. */
export function ofItem(column: ItemColumn): string {
  return `coalesce(i.value ->> '${column}', m.${column})`;
}

/** Such columns by their names, for a select. */
export function itemColumns(columns: readonly ItemColumn[]): string {
  return columns.map((column) => `${ofItem(column)} as ${column}`).join(", ");
}

/** How many recipients a row has, of all its messages. */
export function recipientCount(row: string): string {
  return `coalesce(${row}.recipient_count, json_array_length(${row}.recipients))`;
}

/** The delivery key of a recipient `r`. */
export const RECIPIENT_KEY = "coalesce(r.value ->> 'key', lower(r.value ->> 'address'))";

// SQL of the numbers that the Mailing Lists API shows for names.
import type { NumberedKind } from "../model/list-number.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

type Row = { id: number; name: string };

/** The number of each name; names that have none get one. Safe to repeat. */
export async function numbersOf(
  db: D1Database,
  kind: NumberedKind,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  const wanted = JSON.stringify(names);
  const select = statement(
    db,
    `select id, name from list_numbers
     where kind = ?1 and name in (select value from json_each(?2))`,
    kind,
    wanted,
  );
  const known = await rows<Row>(select);
  if (known.length === new Set(names).size) return numbered(known);
  const results = await batch(db, [
    statement(
      db,
      `insert into list_numbers (kind, name) select distinct ?1, value from json_each(?2)
       where true on conflict do nothing`,
      kind,
      wanted,
    ),
    select,
  ]);
  return numbered(rowsOf<Row>(results[1]));
}

function numbered(found: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(found.map(({ id, name }) => [name, id]));
}

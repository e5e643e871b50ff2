// SQL of seed lists.
import { MAX_SEED_LISTS, type SeedList } from "../model/seed-list.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";

type Row = { id: number; name: string; addresses: string };

function decode({ id, name, addresses }: Row): SeedList {
  return { id, name, addresses: stored<string[]>(addresses).filter((one) => one.includes("@")) };
}

/** Makes a seed list; null when its name is taken, or there are as many as may be. */
export async function insertSeedList(
  db: D1Database,
  list: Omit<SeedList, "id">,
  now: number,
): Promise<SeedList | null> {
  const found = await rows<Row>(
    statement(
      db,
      `insert into seed_lists (name, addresses, created_at) select ?1, ?2, ?3
       where (select count(*) from seed_lists) < ?4
       on conflict do nothing returning id, name, addresses`,
      list.name,
      JSON.stringify(list.addresses),
      now,
      MAX_SEED_LISTS,
    ),
  );
  return found[0] ? decode(found[0]) : null;
}

/** A page of seed lists, oldest first, and how many there are. */
export async function listSeedLists(
  db: D1Database,
  page: { readonly offset: number; readonly limit: number },
): Promise<{ readonly lists: readonly SeedList[]; readonly total: number }> {
  const results = await batch(db, [
    statement(
      db,
      "select id, name, addresses from seed_lists order by id limit ?1 offset ?2",
      page.limit,
      page.offset,
    ),
    statement(db, "select count(*) as total from seed_lists"),
  ]);
  return {
    lists: rowsOf<Row>(results[0]).map(decode),
    total: rowsOf<{ total: number }>(results[1])[0]?.total ?? 0,
  };
}

/** What seed lists are called, by number; those that there are of the asked ones. */
export async function seedListNames(
  db: D1Database,
  asked: { readonly ids: readonly number[]; readonly names: readonly string[] },
): Promise<ReadonlyMap<number, string>> {
  const found = await rows<{ id: number; name: string }>(
    statement(
      db,
      `select id, name from seed_lists where id in (select value from json_each(?1))
         or lower(name) in (select lower(value) from json_each(?2)) order by id`,
      JSON.stringify(asked.ids),
      JSON.stringify(asked.names),
    ),
  );
  return new Map(found.map(({ id, name }) => [id, name]));
}

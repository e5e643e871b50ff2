// Reads rows of a list of the API, as many as are wanted, page by page. Knows no component.
import type { Page } from "./api.ts";

/** Asks for a page of at most so many rows, from where a cursor leads; null: from the beginning. */
export type Read<T> = (limit: number, cursor: string | null) => Promise<Page<T>>;

/** As many as the API gives at once. */
const MOST_AT_ONCE = 100;

/** As many as a page draws and somebody looks through; it bounds what one look costs, too. */
export const MOST_ROWS = 1_000;

/** Pages may hold fewer rows than they could, or none: this ends it then. */
const MOST_PAGES = 20;

/** The first `wanted` rows or all that there are, and where it goes on. Throws what `read` throws. */
export async function readRows<T>(read: Read<T>, wanted: number): Promise<Page<T>> {
  let rows: Page<T> = await read(Math.min(wanted, MOST_AT_ONCE), null);
  for (let pages = 1; pages < MOST_PAGES; pages += 1) {
    const missing = wanted - rows.data.length;
    if (rows.next_cursor === null || missing <= 0) return rows;
    rows = await readOn(read, rows, Math.min(missing, MOST_AT_ONCE));
  }
  return rows;
}

/** Some rows, and those of the next page. Throws what `read` throws. */
export async function readOn<T>(read: Read<T>, rows: Page<T>, limit: number): Promise<Page<T>> {
  if (rows.next_cursor === null) return rows;
  const { data, next_cursor } = await read(limit, rows.next_cursor);
  return { data: [...rows.data, ...data], next_cursor };
}

/** How many rows to read anew: those that are shown, and a page more where all were, as others may have come. */
export function wantedAgain(shown: Page<unknown> | null, page: number): number {
  const rows = shown?.data.length ?? 0;
  const wanted = shown?.next_cursor === null ? rows + page : Math.max(rows, page);
  return Math.min(wanted, MOST_ROWS);
}

// The messages of one accept call of the batch API: they share one row and its content, and each has an id of
// its own, from which the row is found. Pure.

/** Messages in one call (decision 17). */
export const MAX_ITEMS = 1_000;

/** The end of an item's id: its number in the row, in decimal digits, which are hex digits too. */
const DIGITS = 3;

/** The id of a row for items, made of a UUIDv7: that of its first item. */
export function rowIdFor(uuid: string): string {
  return itemId(uuid, 0);
}

/** The id of the n-th item of a row. They sort in the order of the call. */
export function itemId(rowId: string, n: number): string {
  return rowId.slice(0, -DIGITS) + String(n).padStart(DIGITS, "0");
}

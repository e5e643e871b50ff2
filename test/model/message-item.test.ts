// The ids of messages that share a row.
import { expect, it } from "vitest";
import { isUuidv7, uuidv7 } from "../../src/lib/id.ts";
import { itemId, MAX_ITEMS, rowIdFor } from "../../src/model/message-item.ts";

it("are UUIDs in the order of the call, the first of them the row's", () => {
  const rowId = rowIdFor(uuidv7(Date.UTC(2026, 10, 21)));
  const ids = Array.from({ length: MAX_ITEMS }, (_, n) => itemId(rowId, n));
  expect(ids[0]).toBe(rowId);
  expect(ids.every(isUuidv7)).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(MAX_ITEMS);
});

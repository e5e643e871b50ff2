import { expect, it } from "vitest";
import { isUuidv7, timeOfUuidv7, uuidv7 } from "../../src/lib/id.ts";

const NOW = 1_795_300_000_123;

it("makes UUIDv7s that carry their time", () => {
  const id = uuidv7(NOW);
  expect(isUuidv7(id)).toBe(true);
  expect(timeOfUuidv7(id)).toBe(NOW);
});

it("makes ids that sort in the order they were made, also within a millisecond", () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => uuidv7(NOW + Math.floor(index / 1_500)));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

// Roll-ups: adding, taking back, and never more names than there is room for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNTERS } from "../../src/model/stats.ts";
import {
  type Cell,
  EMPTY_ROLLUP,
  MAX_NAMES,
  type Rollup,
  sumChanges,
  sumOf,
  volumeOf,
  withChange,
} from "../../src/model/stats-rollup.ts";

const DELIVERED = COUNTERS.indexOf("delivered");

function cell(
  name: string | null,
  counts: readonly number[],
  mailClass: Cell["mailClass"] = "marketing",
) {
  return { mailClass, name, counts };
}

function added(...cells: readonly Cell[]) {
  return { added: { tags: cells, groups: cells }, withdrawn: EMPTY_ROLLUP };
}

function withdrawn(...cells: readonly Cell[]) {
  return { added: EMPTY_ROLLUP, withdrawn: { tags: cells, groups: cells } };
}

const sums = (cells: readonly Cell[]) => sumOf(cells.map(({ counts }) => counts));

describe("withChange", () => {
  it("adds under the same class and name, and keeps others apart", () => {
    const first = withChange(EMPTY_ROLLUP, added(cell("a", [1, 2]), cell("b", [1])));
    const next = withChange(first, added(cell("a", [0, 1, 5]), cell("a", [1], "transactional")));
    expect(next.tags).toEqual([
      cell("a", [1], "transactional"),
      cell("a", [1, 3, 5]),
      cell("b", [1]),
    ]);
  });

  it("takes deliveries back from their name, then from the remainder, never below zero", () => {
    const start = withChange(EMPTY_ROLLUP, added(cell("a", [2, 2]), cell(null, [0, 1])));
    const next = withChange(start, withdrawn(cell("a", [0, 5])));
    expect(next.tags).toEqual([cell("a", [2, 0])]);
  });

  it("takes nothing back where nothing is", () => {
    expect(withChange(EMPTY_ROLLUP, withdrawn(cell("a", [0, 1])))).toEqual(EMPTY_ROLLUP);
  });

  it("keeps the names with the most in them, and the sum of the others as the remainder", () => {
    const many = Array.from({ length: MAX_NAMES.groups + 10 }, (_, n) => cell(`d${n}`, [n + 1]));
    const { groups, tags } = withChange(EMPTY_ROLLUP, added(...many));
    expect(groups).toHaveLength(MAX_NAMES.groups + 1);
    expect(groups.at(-1)).toEqual(cell(null, [55]));
    expect(groups.some(({ name }) => name === "d9")).toBe(false);
    expect(tags).toHaveLength(MAX_NAMES.groups + 10);
  });

  it.each(["__proto__", "constructor", "", "null", "marketing", "a:b"])(
    "counts the tag %j like any other",
    (name) => {
      const twice = withChange(
        withChange(EMPTY_ROLLUP, added(cell(name, [1]))),
        added(cell(name, [1])),
      );
      expect(twice.tags).toEqual([cell(name, [2])]);
    },
  );

  const cells = fc.array(
    fc.record({
      mailClass: fc.constantFrom("marketing" as const, "transactional" as const),
      name: fc.option(fc.nat(200).map(String), { nil: null }),
      counts: fc.array(fc.nat(9), { maxLength: COUNTERS.length }),
    }),
    { maxLength: 300 },
  );

  it("loses nothing of what is added, however many names there are", () => {
    fc.assert(
      fc.property(cells, cells, (one, two) => {
        const all = [one, two].reduce<Rollup>(
          (rollup, list) => withChange(rollup, added(...list)),
          EMPTY_ROLLUP,
        );
        expect(volumeOf(sums(all.tags))).toBe(volumeOf(sums([...one, ...two])));
        expect(sums(all.groups)).toEqual(sums(all.tags));
        for (const mailClass of ["marketing", "transactional"]) {
          const own = all.tags.filter((each) => each.mailClass === mailClass);
          expect(own.length).toBeLessThanOrEqual(MAX_NAMES.tags + 1);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("takes back exactly what was delivered, however it was bounded meanwhile", () => {
    fc.assert(
      fc.property(cells, (list) => {
        const start = withChange(EMPTY_ROLLUP, added(...list));
        const next = withChange(start, withdrawn(...list));
        expect(sums(next.tags)[DELIVERED] ?? 0).toBe(0);
        expect(sums(next.groups)[DELIVERED] ?? 0).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

it("sums changes of hours to those of their day", () => {
  const day = sumChanges([
    added(cell("a", [1])),
    added(cell("a", [2])),
    withdrawn(cell("a", [0, 1])),
  ]);
  expect(day.added.tags).toEqual([cell("a", [3])]);
  expect(day.withdrawn.groups).toEqual([cell("a", [0, 1])]);
});

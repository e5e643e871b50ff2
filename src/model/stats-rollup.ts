// What one span of time came to, counted by tag and by domain group, each within its mail class; bounded
// however many names there are. Pure: adding, taking back, and the stored form.
import { byName } from "../lib/by-name.ts";
import { MAIL_CLASSES, type MailClass } from "./message.ts";
import { COUNTERS, type Counts } from "./stats.ts";

/** Counts in the order of COUNTERS; zeros at the end may be left out. */
export type Tuple = readonly number[];

/** What is counted under one name of one mail class; null names the remainder, whatever has no room. */
export type Cell = {
  readonly mailClass: MailClass;
  readonly name: string | null;
  readonly counts: Tuple;
};

/** The same happenings counted twice: the cells of each list add up to the same sums. */
export type Rollup = { readonly tags: readonly Cell[]; readonly groups: readonly Cell[] };
export type Dimension = keyof Rollup;

/** What comes to a span: counts to add, and deliveries to take back because a bounce came later. */
export type Change = { readonly added: Rollup; readonly withdrawn: Rollup };

export const EMPTY_ROLLUP: Rollup = { tags: [], groups: [] };

/**
 * Names with cells of their own, of one mail class in one span: those that most happened to. Tags are
 * free text, and may be as many as messages.
 */
export const MAX_NAMES = { tags: 100, groups: 50 } as const satisfies Record<Dimension, number>;

const DELIVERED = COUNTERS.indexOf("delivered");

/** A roll-up with a change applied, and only as many names as it has room for. */
export function withChange(rollup: Rollup, change: Change): Rollup {
  const apply = (dimension: Dimension): readonly Cell[] => {
    const added = summed([...rollup[dimension], ...change.added[dimension]]);
    return bounded(without(added, change.withdrawn[dimension]), MAX_NAMES[dimension]);
  };
  return { tags: apply("tags"), groups: apply("groups") };
}

/** Several changes as one. */
export function sumChanges(changes: readonly Change[]): Change {
  const all = (part: keyof Change): Rollup => ({
    tags: summed(changes.flatMap((change) => change[part].tags)),
    groups: summed(changes.flatMap((change) => change[part].groups)),
  });
  return { added: all("added"), withdrawn: all("withdrawn") };
}

/** One cell per mail class and name. */
function summed(cells: readonly Cell[]): readonly Cell[] {
  const byPlace = Map.groupBy(cells, placeOf);
  return [...byPlace.values()].flatMap((same) =>
    same.slice(0, 1).map((cell) => ({ ...cell, counts: sumOf(same.map(({ counts }) => counts)) })),
  );
}

/** Counts together. */
export function sumOf(tuples: readonly Tuple[]): Tuple {
  return tuples.reduce<Tuple>((sum, counts) => plus(sum, counts), []);
}

/** How much happened. */
export function volumeOf(counts: Tuple): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Counts by name. */
export function countsOf(tuple: Tuple): Counts {
  return byName(COUNTERS, (_counter, index) => tuple[index] ?? 0);
}

function placeOf({ mailClass, name }: Cell): string {
  return name === null ? mailClass : `${mailClass}:${name}`;
}

function plus(a: Tuple, b: Tuple): Tuple {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((count, index) => count + (short[index] ?? 0));
}

/**
 * Takes deliveries back from where they were counted: under their name, and what is not there any more
 * from the remainder. Never below zero: a span may begin after the delivery it is asked for.
 */
function without(cells: readonly Cell[], withdrawn: readonly Cell[]): readonly Cell[] {
  if (withdrawn.length === 0) return cells;
  const left = new Map(cells.map((cell) => [placeOf(cell), cell]));
  const take = (place: string, wanted: number): number => {
    const cell = left.get(place);
    const taken = Math.min(wanted, cell?.counts[DELIVERED] ?? 0);
    if (cell && taken > 0) {
      const counts = cell.counts.map((count, n) => (n === DELIVERED ? count - taken : count));
      left.set(place, { ...cell, counts });
    }
    return wanted - taken;
  };
  for (const cell of withdrawn) {
    const missing = take(placeOf(cell), cell.counts[DELIVERED] ?? 0);
    if (missing > 0) take(placeOf({ ...cell, name: null }), missing);
  }
  return [...left.values()];
}

/** At most `limit` names of each mail class: those with the most in them; the others' sum is the remainder. */
function bounded(cells: readonly Cell[], limit: number): readonly Cell[] {
  return MAIL_CLASSES.flatMap((mailClass) => {
    const own = cells.filter((cell) => cell.mailClass === mailClass && volumeOf(cell.counts) > 0);
    const named = own.filter(({ name }) => name !== null).toSorted(byVolume);
    const rest = [...own.filter(({ name }) => name === null), ...named.slice(limit)];
    const remainder = { mailClass, name: null, counts: sumOf(rest.map(({ counts }) => counts)) };
    return rest.length === 0 ? named : [...named.slice(0, limit), remainder];
  });
}

function byVolume(a: Cell, b: Cell): number {
  return volumeOf(b.counts) - volumeOf(a.counts) || ((a.name ?? "") < (b.name ?? "") ? -1 : 1);
}

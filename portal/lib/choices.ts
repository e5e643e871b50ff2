// Which of many choices are offered: what is chosen, and what fits what somebody typed. Pure.

/** A value, and its name. */
export type Choice = readonly [value: string, words: string];

/** As many are seen at a glance; whoever looks for another one types more of its name. */
export const FEW = 20;

export type Offered = {
  /** In their order: those that are chosen, and those that fit. */
  readonly shown: readonly Choice[];
  /** How many there are. */
  readonly count: number;
  /** How many fit. */
  readonly fitting: number;
  /** How many of those that fit are not shown. */
  readonly hidden: number;
  /** What is chosen and is none of them. */
  readonly others: readonly string[];
};

type Asked = {
  readonly chosen: readonly string[];
  /** A part of the name, without case; "" fits all. */
  readonly text: string;
  readonly most?: number;
};

/** What to offer. */
export function offered(options: readonly Choice[], { chosen, text, most = FEW }: Asked): Offered {
  const part = text.trim().toLowerCase();
  const isChosen = new Set(chosen);
  const fits = new Set(
    options.filter(([, name]) => name.toLowerCase().includes(part)).map(([value]) => value),
  );
  const free = [...fits].filter((value) => !isChosen.has(value));
  const isFree = new Set(free.slice(0, most));
  const known = new Set(options.map(([value]) => value));
  return {
    shown: options.filter(([value]) => isChosen.has(value) || isFree.has(value)),
    count: options.length,
    fitting: fits.size,
    hidden: free.length - isFree.size,
    others: chosen.filter((value) => value !== "" && !known.has(value)),
  };
}

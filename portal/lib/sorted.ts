// The order of a table's rows by one of its columns. Pure.

/** By what, and which way. */
export type By<T> = {
  readonly text: (row: T) => string;
  readonly isNumber?: true;
  readonly isDown: boolean;
};

/** The rows in the order of a column; those that have nothing in it stand last, either way. */
export function sorted<T>(rows: readonly T[], { text, isNumber, isDown }: By<T>): readonly T[] {
  const way = isDown ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [one, other] = [text(a), text(b)];
    if (one === "" || other === "") return Number(one === "") - Number(other === "");
    return way * (isNumber ? Number(one) - Number(other) : one.localeCompare(other));
  });
}

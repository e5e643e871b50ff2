// Records with one value for each of some names.

/** A value for each name. */
export function byName<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name, index: number) => Value,
): Record<Name, Value> {
  const entries = names.map((name, index) => [name, valueOf(name, index)] as const);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name is among the entries
  return Object.fromEntries(entries) as Record<Name, Value>;
}

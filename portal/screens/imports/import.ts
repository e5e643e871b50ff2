// Imports of contacts, as /v1/imports answers them. Pure.
export type Import = {
  readonly id: string;
  readonly state: string;
  readonly bytes: number;
  readonly columns: readonly string[];
  readonly list_id: number | null;
  readonly mapping: Mapping | null;
  readonly progress: number;
  readonly rows: number;
  readonly added: number;
  readonly existing: number;
  readonly refused: number;
  readonly errors: readonly {
    readonly line: number;
    readonly reason: string;
    readonly cells: readonly string[];
  }[];
  readonly error: string | null;
  readonly created_at: string;
};

/** What columns mean, by their names; null: nothing. */
export type Mapping = Readonly<Record<string, string | null>>;

/** What an upload answers besides: what the columns seem to mean, and the first rows. */
export type Uploaded = Import & {
  readonly guess: Mapping;
  readonly sample: readonly (readonly string[])[];
};

/** Whether its work goes on. */
export function isRunning({ state }: Pick<Import, "state">): boolean {
  return state === "checking" || state === "importing";
}

/** Whether it waits for somebody to say what its columns mean. */
export function isWaiting({ state }: Pick<Import, "state">): boolean {
  return state === "uploaded" || state === "checked";
}

/** Chosen for a column of which nobody said anything yet: the API guesses. */
export const GUESS = "?";

/** What a column may mean: the API's word, and ours. */
export function targets(fields: readonly string[]): readonly (readonly [string, string])[] {
  return [
    [GUESS, "what its name says"],
    ["", "nothing: leave it out"],
    ["email", "the address"],
    ["first_name", "the first name"],
    ["last_name", "the last name"],
    ...fields.map((name) => [`custom_fields.${name}`, `the field ${name}`] as const),
  ];
}

/** What the form says of columns, as the API takes it: null is nothing, what is left out is guessed. */
export function mappingOf(chosen: Readonly<Record<string, string>>): Mapping {
  const said = Object.entries(chosen).filter(([, target]) => target !== GUESS);
  return Object.fromEntries(said.map(([name, target]) => [name, target || null]));
}

/** The form's choices when it opens: what is known of each column. */
export function chosenOf(
  columns: readonly string[],
  known: Mapping,
): Readonly<Record<string, string>> {
  const choice = (name: string): string =>
    Object.hasOwn(known, name) ? (known[name] ?? "") : GUESS;
  return Object.fromEntries(columns.map((name) => [name, choice(name)]));
}

/** What came of it, in one line. */
export function resultWords({ rows, added, existing, refused }: Import): string {
  return `${rows} rows: ${added} new, ${existing} known, ${refused} refused`;
}

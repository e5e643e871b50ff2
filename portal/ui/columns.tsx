// Columns that tables have in common: times, states, and what can be done with a row.
import { Mark, Time } from "./parts.tsx";
import type { Column } from "./table.tsx";

/** A time; `never` where there is none. */
export function timeColumn<T>(name: string, at: (row: T) => string | null, never = ""): Column<T> {
  return {
    name,
    text: (row) => at(row) ?? "",
    show: (row) => {
      const time = at(row);
      return time === null ? never : <Time at={time} />;
    },
  };
}

/** A state, or another word of the API. */
export function markColumn<T>(name: string, word: (row: T) => string): Column<T> {
  return { name, text: word, show: (row) => <Mark word={word(row)} /> };
}

export type Actions<T> = {
  /** What the row is called, for who does not see where the button stands. */
  readonly of: (row: T) => string;
  /** What each button does, by the word on it, such as `Remove …`. */
  readonly acts: Readonly<Record<string, (row: T) => void>>;
  /** Why nothing can be done with a row; null: something can. */
  readonly unless?: (row: T) => string | null;
};

/** What can be done with a row. */
export function actionColumn<T>({ of, acts, unless }: Actions<T>): Column<T> {
  return {
    name: "Change",
    text: () => "",
    show: (row) => {
      const why = unless?.(row) ?? null;
      if (why !== null) return why && <span class="quiet">{why}</span>;
      return (
        <span class="row">
          {Object.entries(acts).map(([word, act]) => (
            <button
              key={word}
              type="button"
              class="small"
              aria-label={`${word.replace(" …", "")} ${of(row)}`}
              onClick={() => act(row)}
            >
              {word}
            </button>
          ))}
        </span>
      );
    },
  };
}

// The filters of the activity screen: what is chosen goes into the URL, and the URL is what is shown.
import { EVENTS, MAIL_CLASSES } from "../../lib/words.ts";
import { useState } from "preact/hooks";

type Query = Readonly<Record<string, string>>;
export type FiltersProps = { readonly query: Query; readonly change: (query: Query) => void };

const RESULTS = ["success", "deferral", "failure", "failure_toolong", "connmaxout"] as const;

/** What is typed, and chosen with the button. */
const TYPED = [
  ["recipient", "Recipient"],
  ["domain", "Recipient's domain"],
  ["tag", "Tag"],
] as const;

/** Hours back; "" is everything that is kept. */
const PERIODS = [
  ["", "any time"],
  ["1", "the last hour"],
  ["24", "the last day"],
  ["168", "the last week"],
] as const;

const HOUR_MS = 3_600_000;

export function Filters({ query, change }: FiltersProps) {
  const [fields, setFields] = useState<Query>(
    Object.fromEntries(TYPED.map(([name]) => [name, query[name] ?? ""])),
  );
  const period = (hours: string): void => {
    const from = hours === "" ? "" : new Date(Date.now() - Number(hours) * HOUR_MS).toISOString();
    change({ ...query, from });
  };
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filters"
      onSubmit={(event) => {
        event.preventDefault();
        change({ ...query, ...fields });
      }}
    >
      {TYPED.map(([name, title]) => (
        <label key={name}>
          <span>{title}</span>
          <input
            type="search"
            value={fields[name]}
            onInput={(event) => setFields({ ...fields, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <Choice name="event" title="Event" options={EVENTS} query={query} change={change} />
      <Choice name="status" title="Attempt" options={RESULTS} query={query} change={change} />
      <Choice
        name="mail_class"
        title="Mail class"
        options={MAIL_CLASSES}
        query={query}
        change={change}
      />
      <label>
        <span>Time</span>
        <select
          value={query["from"] === undefined ? "" : "kept"}
          onChange={(event) => period(event.currentTarget.value)}
        >
          {query["from"] !== undefined && (
            <option value="kept">since {query["from"].slice(0, 16)}</option>
          )}
          {PERIODS.map(([hours, name]) => (
            <option key={hours} value={hours}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Filter</button>
    </form>
  );
}

type ChoiceProps = FiltersProps & {
  readonly name: string;
  readonly title: string;
  readonly options: readonly string[];
};

/** One of some words, or all. */
function Choice({ name, title, options, query, change }: ChoiceProps) {
  return (
    <label>
      <span>{title}</span>
      <select
        value={query[name] ?? ""}
        onChange={(event) => change({ ...query, [name]: event.currentTarget.value })}
      >
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}

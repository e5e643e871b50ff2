// The filters of the activity screen: what is chosen goes into the URL, with all that was typed until then, and the
// URL is what is shown.
import { useEffect, useState } from "preact/hooks";
import { classChoices, useMe } from "../../lib/session.ts";
import { EVENTS, TOLD_STATES } from "../../lib/words.ts";
import { type Option, SelectField, TextField } from "../../ui/fields.tsx";
import { hoursBefore, type Query, shownIn, submitted } from "./filter.ts";
import { Range, RangeFields } from "./range.tsx";

export type FiltersProps = { readonly query: Query; readonly change: (query: Query) => void };

const RESULTS = ["success", "deferral", "failure", "failure_toolong", "connmaxout"] as const;

/** What is typed, and sent with the button or the next choice. */
const TYPED = [
  ["recipient", "Recipient"],
  ["domain", "Recipient's domain"],
  ["tag", "Tag"],
  ["message_id", "Message id"],
] as const;

const CHOICES = [
  ["state", "State", TOLD_STATES],
  ["event", "Event", EVENTS],
  ["status", "Attempt", RESULTS],
] as const;

const RANGE = "range";

/** Hours back; "" is everything that is kept. */
const PERIODS = [
  ["", "any time"],
  ["1", "the last hour"],
  ["24", "the last day"],
  ["168", "the last week"],
  [RANGE, "from … to …"],
] as const;

export function Filters({ query, change }: FiltersProps) {
  const [typed, setTyped] = useState<Query>({});
  // Whoever is bound to one mail class is told of that one only.
  const classes = classChoices(useMe());
  const [period, setPeriod] = useState({ chosen: "", from: "" });
  // What was typed belongs to the filters that it was typed at.
  useEffect(() => setTyped({}), [JSON.stringify(query)]);
  const type = (name: string, text: string): void => setTyped({ ...typed, [name]: text });
  const choose = (chosen: Query): void => change(submitted(query, typed, chosen));
  const choosePeriod = (chosen: string): void => {
    const isHours = chosen !== "" && chosen !== RANGE;
    const from = isHours ? hoursBefore(Date.now(), Number(chosen)) : "";
    setPeriod({ chosen, from });
    if (chosen !== RANGE) choose({ from, to: "" });
  };
  const shown = periodOf(query, period);
  return (
    <>
      <form
        class="filters"
        role="search"
        aria-label="Filters"
        onSubmit={(event) => {
          event.preventDefault();
          choose({});
        }}
      >
        {TYPED.map(([name, title]) => (
          <TextField
            key={name}
            label={title}
            type="search"
            value={shownIn(name, query, typed)}
            set={(text) => type(name, text)}
          />
        ))}
        {CHOICES.map(([name, title, words]) => (
          <SelectField
            key={name}
            label={title}
            value={query[name] ?? ""}
            options={[["", "all"], ...words.map(optionOf)]}
            set={(word) => choose({ [name]: word })}
          />
        ))}
        {classes.length > 0 && (
          <SelectField
            label="Mail class"
            value={query["mail_class"] ?? ""}
            options={classes}
            set={(mail_class) => choose({ mail_class })}
          />
        )}
        <SelectField label="Time" value={shown} options={PERIODS} set={choosePeriod} />
        {shown === RANGE && <RangeFields query={query} typed={typed} type={type} />}
        <button type="submit">Filter</button>
      </form>
      <Range query={query} />
    </>
  );
}

function optionOf(word: string): Option {
  return [word, word.replaceAll("_", " ")];
}

/** The period that is shown as chosen: so many hours, as long as the URL has what they came to. */
function periodOf(query: Query, { chosen, from }: { chosen: string; from: string }): string {
  if (query["from"] === undefined && query["to"] === undefined) {
    return chosen === RANGE ? RANGE : "";
  }
  return query["from"] === from && query["to"] === undefined ? chosen : RANGE;
}

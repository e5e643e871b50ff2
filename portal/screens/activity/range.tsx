// A range of time: chosen and shown in the viewer's zone, with UTC on hover.
import { zone } from "../../lib/local-time.ts";
import { TextField } from "../../ui/fields.tsx";
import { Time, utcWords } from "../../ui/parts.tsx";
import { type Query, rangeFault, shownIn } from "./filter.ts";

const ENDS = [
  ["from", "From"],
  ["to", "To"],
] as const;

type FieldsProps = {
  readonly query: Query;
  readonly typed: Query;
  readonly type: (name: string, text: string) => void;
};

export function RangeFields({ query, typed, type }: FieldsProps) {
  const fault = rangeFault(query);
  return (
    <fieldset class="range">
      <legend>Your time, {zone()}</legend>
      {ENDS.map(([name, title]) => (
        <TextField
          key={name}
          label={title}
          type="datetime-local"
          value={shownIn(name, query, typed)}
          set={(text) => type(name, text)}
          title={utcWords(query[name] ?? "")}
          {...(fault === null ? {} : { "aria-invalid": true, "aria-describedby": "range-fault" })}
        />
      ))}
    </fieldset>
  );
}

/** The range that the URL asks for, or what to do about it. */
export function Range({ query }: { readonly query: Query }) {
  const { from, to } = query;
  const fault = rangeFault(query);
  if (fault !== null) {
    return (
      <div class="failure" role="alert">
        <p id="range-fault">{fault}</p>
      </div>
    );
  }
  if (from === undefined && to === undefined) return null;
  return (
    <p class="quiet">
      {from !== undefined && (
        <>
          From <Time at={from} />{" "}
        </>
      )}
      {to !== undefined && (
        <>
          {from === undefined ? "Until" : "to"} <Time at={to} />{" "}
        </>
      )}
      in your time, {zone()}.
    </p>
  );
}

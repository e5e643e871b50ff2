// The input of one custom field: what its kind asks for.
import { CheckFields, SelectField, TextField } from "../../ui/fields.tsx";
import { type FieldValue, textOf } from "../lists/list.ts";
import { type CustomField, isNeeded } from "./field.ts";

type InputProps = {
  readonly field: CustomField;
  readonly value: FieldValue;
  readonly set: (value: FieldValue) => void;
};

/** Yes, no, or nothing said. */
const YES_OR_NO = [
  ["", "not known"],
  ["true", "yes"],
  ["false", "no"],
] as const;

export function FieldInput({ field, value, set }: InputProps) {
  const { name, kind, values } = field;
  const required = isNeeded(field);
  const text = textOf(value);
  if (kind === "select_multiple_checkboxes") return <Choices {...{ field, value, set }} />;
  if (kind === "boolean") {
    return <SelectField label={name} value={text} options={YES_OR_NO} set={set} />;
  }
  if (values.length > 0) {
    // What was chosen once stays to be seen, though it is offered no more.
    const options = [["", "not known"] as const, ...new Set([...values, ...(text ? [text] : [])])];
    return <SelectField label={name} value={text} options={options} set={set} />;
  }
  if (kind === "text_multiline") {
    return (
      <label>
        <span>{name}</span>
        <textarea
          rows={3}
          required={required}
          value={text}
          onInput={(event) => set(event.currentTarget.value)}
        />
      </label>
    );
  }
  const hint = HINTS[kind];
  return (
    <TextField
      label={hint === undefined ? name : `${name} (${hint})`}
      required={required}
      value={text}
      set={set}
    />
  );
}

/** A browser's own inputs would not show what the API takes besides: moments, and numbers of any size. */
const HINTS: Readonly<Record<string, string>> = {
  number: "a number",
  date: "YYYY-MM-DD",
  day_of_year: "MM-DD",
};

function Choices({ field, value, set }: InputProps) {
  const { name, values } = field;
  const chosen = typeof value === "object" ? value : [];
  return (
    <fieldset>
      <legend>{isNeeded(field) ? `${name}, at least one` : name}</legend>
      <CheckFields options={values} chosen={chosen} set={set} />
    </fieldset>
  );
}

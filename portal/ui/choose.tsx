// Choices among many: some of them by boxes, or one by a select. Where they are more than somebody sees at a glance, a
// field finds them by a part of their names.
import { useId, useState } from "preact/hooks";
import { type Choice, FEW, offered, type Offered } from "../lib/choices.ts";
import { CheckFields, SelectField } from "./fields.tsx";

type ChooseProps = {
  /** What is chosen, in the plural: `tags`. */
  readonly of: string;
  readonly options: readonly Choice[];
  /** There are more than these, which are not offered. */
  readonly isCut: boolean;
};

type SomeProps = ChooseProps & {
  /** What stands before the name at its box: `Tag`. */
  readonly word: string;
  readonly chosen: readonly string[];
  readonly set: (chosen: readonly string[]) => void;
};

/** A box for each. What was chosen before and is not offered stays chosen. */
export function ChooseSome({ of, word, options, isCut, chosen, set }: SomeProps) {
  const [text, setText] = useState("");
  const found = offered(options, { chosen, text });
  const boxes = (
    <CheckFields
      options={found.shown.map(([value, name]) => [value, `${word} ${name}`] as const)}
      chosen={chosen}
      set={(some) => set([...some, ...found.others])}
    />
  );
  if (options.length <= FEW && !isCut && found.others.length === 0) return boxes;
  return (
    <fieldset>
      <legend>Which {of}</legend>
      <Find of={of} found={found} isCut={isCut} text={text} set={setText} />
      {boxes}
      {found.others.length > 0 && (
        <p class="quiet">{found.others.length} more, at rest or not offered here, stay.</p>
      )}
    </fieldset>
  );
}

type OneProps = ChooseProps & {
  readonly label: string;
  /** The words for "", where none of them is chosen at first; one must be. */
  readonly none?: string;
  readonly value: string;
  readonly set: (value: string) => void;
};

/** A select of all, or of those that fit. */
export function ChooseOne({ of, options, isCut, label, none, value, set }: OneProps) {
  const [text, setText] = useState("");
  const isFew = options.length <= FEW && !isCut;
  const found = offered(options, { chosen: [value], text, most: options.length });
  const first = none === undefined ? [] : [["", none] as const];
  const select = (
    <SelectField
      label={label}
      required={none !== undefined}
      value={value}
      // What was chosen stays, though it is not offered: an address may name it.
      options={[...first, ...found.shown, ...found.others]}
      set={set}
    />
  );
  if (isFew) return select;
  return (
    <>
      <Find of={of} found={found} isCut={isCut} text={text} set={setText} />
      {select}
    </>
  );
}

type FindProps = Pick<ChooseProps, "of" | "isCut"> & {
  readonly found: Offered;
  readonly text: string;
  readonly set: (text: string) => void;
};

function Find({ of, found, isCut, text, set }: FindProps) {
  const id = useId();
  const { count, fitting, hidden } = found;
  return (
    <>
      <label>
        <span>Find among {of}</span>
        <input
          type="search"
          autocomplete="off"
          spellcheck={false}
          aria-describedby={id}
          value={text}
          onInput={(event) => set(event.currentTarget.value)}
          // It looks, it sends nothing.
          onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
      </label>
      <p class="quiet" id={id} role="status">
        {text === "" ? `There are ${count}` : `${fitting} of ${count} fit`}
        {hidden > 0 && `, ${fitting - hidden} of them are shown: type more of a name`}.
        {isCut && ` There are more ${of} than are offered here; the API takes the others.`}
      </p>
    </>
  );
}

// Fields of forms with their labels. `set` is told what was typed or chosen.
import { h, type TargetedEvent } from "preact";

type TextProps = {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly type?:
    | "text"
    | "date"
    | "datetime-local"
    | "email"
    | "number"
    | "password"
    | "search"
    | "url";
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly step?: number;
  readonly title?: string;
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly autocomplete?:
    | "off"
    | "new-password"
    | "current-password"
    | "one-time-code"
    | "username";
};

/** One line of text, a number, an address: what `type` says. */
export function TextField({ label, value, set, type = "text", ...rest }: TextProps) {
  return (
    <label>
      <span>{label}</span>
      {h("input", {
        autocomplete: "off",
        spellcheck: false,
        type,
        ...rest,
        value,
        onInput: ({ currentTarget: { value } }: TargetedEvent<HTMLInputElement>) => set(value),
      })}
    </label>
  );
}

/** A value, and the words for it where they differ. */
export type Option = string | readonly [value: string, words: string];

type SelectProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly set: (value: string) => void;
  /** "" is no choice. */
  readonly required?: boolean;
};

/** One of a few. */
export function SelectField({ label, value, options, set, required }: SelectProps) {
  return (
    <label>
      <span>{label}</span>
      <select
        required={required}
        value={value}
        onChange={(event) => set(event.currentTarget.value)}
      >
        <Options options={options} />
      </select>
    </label>
  );
}

/** What a select offers. */
export function Options({ options }: { readonly options: readonly Option[] }) {
  return (
    <>
      {options.map((option) => {
        const [value, words] = typeof option === "string" ? [option, option] : option;
        return (
          <option key={value} value={value}>
            {words}
          </option>
        );
      })}
    </>
  );
}

type CheckProps = {
  readonly label: string;
  readonly checked: boolean;
  readonly set: (checked: boolean) => void;
};

/** Yes or no. */
export function CheckField({ label, checked, set }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => set(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

type ChecksProps = {
  readonly options: readonly Option[];
  readonly chosen: readonly string[];
  readonly set: (chosen: readonly string[]) => void;
};

/** Some of a few: a box for each, in their order. */
export function CheckFields({ options, chosen, set }: ChecksProps) {
  const all = options.map((option) => (typeof option === "string" ? option : option[0]));
  return (
    <>
      {options.map((option) => {
        const [value, words] = typeof option === "string" ? [option, option] : option;
        return (
          <CheckField
            key={value}
            label={words}
            checked={chosen.includes(value)}
            set={(isOn) => set(all.filter((one) => (one === value ? isOn : chosen.includes(one))))}
          />
        );
      })}
    </>
  );
}

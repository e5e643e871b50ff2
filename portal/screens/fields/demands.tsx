// What a custom field asks of contacts: one of some choices, a value at all.
import { CheckField, TextField } from "../../ui/fields.tsx";
import { hasChoices } from "./field.ts";

/** Choices with commas between them. */
type Demanded = { readonly values: string; readonly required: boolean };

type DemandsProps = {
  readonly type: string;
  readonly of: Demanded;
  readonly set: (change: Partial<Demanded>) => void;
};

export function Demands({ type, of: { values, required }, set }: DemandsProps) {
  return (
    <>
      {hasChoices(type) && (
        <TextField
          label="Choices, with commas between them"
          required
          value={values}
          set={(values) => set({ values })}
        />
      )}
      <CheckField
        label="Required of every new contact"
        checked={required}
        set={(required) => set({ required })}
      />
    </>
  );
}

// Changes a custom field, or a tag: another name, other choices, or let it rest.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { patch } from "../../lib/api.ts";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import { Demands } from "./demands.tsx";
import { choicesOf, type CustomField, hasChoices, type Tag } from "./field.ts";

type FieldProps = { readonly field: CustomField; readonly done: () => void };

export function ChangeField({ field, done }: FieldProps) {
  const { id, name, type, values, status } = field;
  const [fields, setFields] = useState({
    name,
    values: values.join(", "),
    required: field.required,
    isUsed: status === "active",
  });
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  const save = (): Promise<unknown> =>
    patch(`/v1/custom-fields/${encodeURIComponent(id)}`, {
      name: fields.name,
      required: fields.required,
      status: statusOf(fields.isUsed),
      ...(hasChoices(type) ? { values: choicesOf(fields.values) } : {}),
    });
  return (
    <Change name={name} save={save} done={done}>
      <TextField label="Name" required value={fields.name} set={(name) => set({ name })} />
      <Demands type={type} of={fields} set={set} />
      <Used isUsed={fields.isUsed} set={(isUsed) => set({ isUsed })} />
    </Change>
  );
}

type TagProps = { readonly tag: Tag; readonly done: () => void };

export function ChangeTag({ tag: { id, name: before, status }, done }: TagProps) {
  const [name, setName] = useState(before);
  const [isUsed, setUsed] = useState(status === "active");
  const save = (): Promise<unknown> =>
    patch(`/v1/tags/${encodeURIComponent(id)}`, { name, status: statusOf(isUsed) });
  return (
    <Change name={before} save={save} done={done}>
      <TextField label="Name" required value={name} set={setName} />
      <Used isUsed={isUsed} set={setUsed} />
    </Change>
  );
}

function statusOf(isUsed: boolean): string {
  return isUsed ? "active" : "inactive";
}

type UsedProps = { readonly isUsed: boolean; readonly set: (isUsed: boolean) => void };

function Used({ isUsed, set }: UsedProps) {
  return (
    <CheckField
      label="In use; else it rests, and forms do not offer it"
      checked={isUsed}
      set={set}
    />
  );
}

type ChangeProps = {
  readonly name: string;
  readonly save: () => Promise<unknown>;
  readonly done: () => void;
  readonly children: ComponentChildren;
};

/** The form around either. */
function Change({ name, save, done, children }: ChangeProps) {
  const run = async (): Promise<void> => {
    await save();
    say(`${name} is changed.`);
    done();
  };
  const leave = (
    <button type="button" onClick={done}>
      Leave it
    </button>
  );
  return (
    <Form title={`Change ${name}`} action="Save" run={run} buttons={leave}>
      {children}
    </Form>
  );
}

// Makes a custom field, or a tag.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Demands } from "./demands.tsx";
import { fieldBody, TYPES } from "./field.ts";

const NO_FIELD = { name: "", type: "string", values: "", required: false };

export function MakeField({ done }: { readonly done: () => void }) {
  const [fields, setFields] = useState(NO_FIELD);
  const set = (change: Partial<typeof NO_FIELD>): void => setFields({ ...fields, ...change });
  const make = async (): Promise<void> => {
    await post("/v1/custom-fields", fieldBody(fields));
    setFields(NO_FIELD);
    done();
  };
  return (
    <Form title="Make a field" action="Make the field" run={make}>
      <TextField
        label="Name of the field"
        required
        value={fields.name}
        set={(name) => set({ name })}
      />
      <SelectField label="Type" value={fields.type} options={TYPES} set={(type) => set({ type })} />
      <Demands type={fields.type} of={fields} set={set} />
    </Form>
  );
}

export function MakeTag({ done }: { readonly done: () => void }) {
  const [name, setName] = useState("");
  const make = async (): Promise<void> => {
    await post("/v1/tags", { name });
    setName("");
    done();
  };
  return (
    <Form title="Make a tag" action="Make the tag" run={make}>
      <TextField label="Name of the tag" required value={name} set={setName} />
    </Form>
  );
}

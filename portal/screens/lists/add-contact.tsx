// Puts somebody on a list, with what is known of them.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { type CustomField, isNeeded } from "../fields/field.ts";
import { ChooseTags } from "../fields/choose-tags.tsx";
import { FieldInput } from "../fields/input.tsx";
import { askKnown, type Known } from "../fields/known.ts";
import { type FieldValues, type List, textOf } from "./list.ts";

type AddProps = { readonly list: List; readonly done: () => void };

/** The form, once it is known which fields and tags there are. */
export function AddContact(props: AddProps) {
  const { data, error, again } = useLoad(askKnown, "");
  if (error !== null) return <Failure error={error} again={again} />;
  return data === null ? <Waiting /> : <Fields {...props} {...data} />;
}

const NOBODY = { email: "", first_name: "", last_name: "", update: false };
const NO_TAGS: readonly string[] = [];
const NO_FIELDS: FieldValues = {};

function Fields({ list, done, fields, tags }: AddProps & Known) {
  const [person, setPerson] = useState(NOBODY);
  const [given, setGiven] = useState(NO_FIELDS);
  const [chosen, setChosen] = useState(NO_TAGS);
  const set = (change: Partial<typeof NOBODY>): void => setPerson({ ...person, ...change });
  const input = (field: CustomField) => (
    <FieldInput
      key={field.id}
      field={field}
      value={given[field.name] ?? ""}
      set={(value) => setGiven({ ...given, [field.name]: value })}
    />
  );
  const add = async (): Promise<void> => {
    const filled = Object.entries(given).filter(([, value]) => textOf(value) !== "");
    const custom_fields = Object.fromEntries(filled);
    await post("/v1/contacts", { ...person, custom_fields, tags: chosen, list_id: list.id });
    say(`${person.email} is on the list.`);
    setPerson(NOBODY);
    setGiven(NO_FIELDS);
    setChosen(NO_TAGS);
    done();
  };
  const others = fields.filter((field) => !isNeeded(field));
  return (
    <Form title="Add a contact" action="Add the contact" run={add}>
      <TextField
        label="Address"
        type="email"
        required
        value={person.email}
        set={(email) => set({ email })}
      />
      <TextField
        label="First name"
        value={person.first_name}
        set={(first_name) => set({ first_name })}
      />
      <TextField
        label="Last name"
        value={person.last_name}
        set={(last_name) => set({ last_name })}
      />
      {fields.filter(isNeeded).map(input)}
      {others.length + tags.all.length > 0 && (
        <details>
          <summary>More fields and tags</summary>
          <div class="filters">
            {others.map(input)}
            <ChooseTags tags={tags} chosen={chosen} set={setChosen} />
          </div>
        </details>
      )}
      <CheckField
        label="If the contact is there already, replace what was known"
        checked={person.update}
        set={(update) => set({ update })}
      />
    </Form>
  );
}

// Puts somebody on a list.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import type { List } from "./list.ts";

const NOBODY = { email: "", first_name: "", last_name: "", update: false };

export function AddContact({ list, done }: { readonly list: List; readonly done: () => void }) {
  const [fields, setFields] = useState(NOBODY);
  const [error, setError] = useState<unknown>(null);
  const set = (change: Partial<typeof NOBODY>): void => setFields({ ...fields, ...change });
  const add = async (): Promise<void> => {
    setError(null);
    await post("/v1/contacts", { ...fields, list_id: list.id });
    say(`${fields.email} is on the list.`);
    setFields(NOBODY);
    done();
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="add-contact"
      onSubmit={(event) => {
        event.preventDefault();
        add().catch(setError);
      }}
    >
      <h2 id="add-contact">Add a contact</h2>
      <TextField
        label="Address"
        type="email"
        required
        value={fields.email}
        set={(email) => set({ email })}
      />
      <TextField
        label="First name"
        value={fields.first_name}
        set={(first_name) => set({ first_name })}
      />
      <TextField
        label="Last name"
        value={fields.last_name}
        set={(last_name) => set({ last_name })}
      />
      <CheckField
        label="If the contact is there already, replace what was known"
        checked={fields.update}
        set={(update) => set({ update })}
      />
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Add the contact</button>
      </div>
    </form>
  );
}

// Adds one entry.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { SCOPES } from "../../lib/words.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import { fieldOf } from "./suppression.ts";

export function Add({ done }: { readonly done: () => void }) {
  const [entry, setEntry] = useState("");
  const [scope, setScope] = useState<string>(SCOPES[0]);
  const [reason, setReason] = useState("");
  const add = async (): Promise<void> => {
    await post("/v1/suppressions", { ...fieldOf(entry.trim()), scope, reason });
    say(`${entry.trim()} gets no more mail.`);
    setEntry("");
    done();
  };
  return (
    <Form title="Add one" action="Add" run={add}>
      <TextField label="Address, @domain or MD5" required value={entry} set={setEntry} />
      <SelectField label="For" value={scope} options={SCOPES} set={setScope} />
      <TextField label="Reason" value={reason} set={setReason} />
    </Form>
  );
}

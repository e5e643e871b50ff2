// A new relay. Its password goes in and never comes out again.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import { TLS_WORDS } from "./relay.ts";

const NOTHING = {
  name: "",
  host: "",
  port: "587",
  tls: "starttls",
  username: "",
  password: "",
  verp: true,
};

export function AddRelay({ done }: { readonly done: () => void }) {
  const [fields, setFields] = useState(NOTHING);
  const set = (change: Partial<typeof NOTHING>): void => setFields({ ...fields, ...change });
  const add = async (): Promise<void> => {
    const { username, password, port, ...rest } = fields;
    const login = username === "" && password === "" ? {} : { username, password };
    await post("/v1/relays", { ...rest, port: Number(port), ...login });
    say(`Mail may leave through ${fields.name} now.`);
    setFields(NOTHING);
    done();
  };
  return (
    <Form title="Add a relay" action="Add the relay" run={add}>
      <TextField label="Name" required value={fields.name} set={(name) => set({ name })} />
      <TextField
        label="Host"
        required
        placeholder="smtp.example.com"
        value={fields.host}
        set={(host) => set({ host })}
      />
      <TextField
        label="Port"
        type="number"
        required
        min={1}
        max={65_535}
        value={fields.port}
        set={(port) => set({ port })}
      />
      <SelectField label="TLS" value={fields.tls} options={TLS_WORDS} set={(tls) => set({ tls })} />
      <TextField
        label="User name, if it asks for one"
        value={fields.username}
        set={(username) => set({ username })}
      />
      <TextField
        label="Its password"
        type="password"
        autocomplete="new-password"
        value={fields.password}
        set={(password) => set({ password })}
      />
      <CheckField
        label="Takes return paths that name the delivery (VERP)"
        checked={fields.verp}
        set={(verp) => set({ verp })}
      />
    </Form>
  );
}

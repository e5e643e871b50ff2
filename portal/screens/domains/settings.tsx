// What mail of a domain does unless it says otherwise: default sender, return path, tracking, the gate.
import { useState } from "preact/hooks";
import { patch } from "../../lib/api.ts";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import { changeOf, type Domain, GATES } from "./domain.ts";

type SettingsProps = {
  readonly path: string;
  readonly domain: Domain;
  readonly done: (domain: Domain) => void;
};

export function Settings({ path, domain, done }: SettingsProps) {
  const [fields, setFields] = useState({
    sender: domain.default_sender ?? "",
    name: domain.default_name ?? "",
    returnPath: domain.return_path_domain,
    trackingDomain: domain.tracking_domain ?? "",
    gate: domain.gate,
    ...domain.tracking,
  });
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  const save = async (): Promise<void> => {
    done((await patch<{ data: Domain }>(path, changeOf(fields, domain))).data);
    say("Saved.");
  };
  return (
    <Form title="Settings" action="Save" run={save}>
      <TextField
        label="Default sender, for mail without a From"
        type="email"
        placeholder={`hello@${domain.domain}`}
        value={fields.sender}
        set={(sender) => set({ sender })}
      />
      <TextField label="Its name" value={fields.name} set={(name) => set({ name })} />
      <TextField
        label="Return path: where bounces come back to"
        required
        placeholder={`bounce.${domain.domain}`}
        value={fields.returnPath}
        set={(returnPath) => set({ returnPath })}
      />
      <TextField
        label="Links and opens go over; empty: the Worker's own address"
        placeholder={`links.${domain.domain}`}
        value={fields.trackingDomain}
        set={(trackingDomain) => set({ trackingDomain })}
      />
      <SelectField
        label="Mail that breaks the rules of Gmail, Yahoo and Microsoft"
        value={fields.gate}
        options={GATES}
        set={(gate) => set({ gate })}
      />
      <CheckField label="Track opens" checked={fields.opens} set={(opens) => set({ opens })} />
      <CheckField label="Track clicks" checked={fields.clicks} set={(clicks) => set({ clicks })} />
    </Form>
  );
}

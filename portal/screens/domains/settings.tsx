// What mail of a domain does unless it says otherwise: default sender, tracking, the gate.
import { useState } from "preact/hooks";
import { patch } from "../../lib/api.ts";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { changeOf, type Domain, GATE_WORDS, GATES } from "./domain.ts";

type SettingsProps = {
  readonly path: string;
  readonly domain: Domain;
  readonly done: (domain: Domain) => void;
};

export function Settings({ path, domain, done }: SettingsProps) {
  const [fields, setFields] = useState({
    sender: domain.default_sender ?? "",
    name: domain.default_name ?? "",
    gate: domain.gate,
    ...domain.tracking,
  });
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    setError(null);
    done((await patch<{ data: Domain }>(path, changeOf(fields))).data);
    say("Saved.");
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="domain-settings"
      onSubmit={(event) => {
        event.preventDefault();
        save().catch(setError);
      }}
    >
      <h2 id="domain-settings">Settings</h2>
      <label>
        <span>Default sender, for mail without a From</span>
        <input
          type="email"
          value={fields.sender}
          placeholder={`hello@${domain.domain}`}
          onInput={({ currentTarget: { value: sender } }) => setFields({ ...fields, sender })}
        />
      </label>
      <label>
        <span>Its name</span>
        <input
          value={fields.name}
          onInput={({ currentTarget: { value: name } }) => setFields({ ...fields, name })}
        />
      </label>
      <label>
        <span>Mail that breaks the rules of Gmail, Yahoo and Microsoft</span>
        <select
          value={fields.gate}
          onChange={({ currentTarget: { value: gate } }) => setFields({ ...fields, gate })}
        >
          {GATES.map((gate) => (
            <option key={gate} value={gate}>
              {GATE_WORDS[gate]}
            </option>
          ))}
        </select>
      </label>
      {(["opens", "clicks"] as const).map((what) => (
        <label key={what} class="check">
          <input
            type="checkbox"
            checked={fields[what]}
            onChange={({ currentTarget: { checked } }) => setFields({ ...fields, [what]: checked })}
          />
          <span>Track {what}</span>
        </label>
      ))}
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Save</button>
      </div>
    </form>
  );
}

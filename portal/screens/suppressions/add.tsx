// Adds one entry.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { fieldOf, SCOPES } from "./suppression.ts";

export function Add({ done }: { readonly done: () => void }) {
  const [entry, setEntry] = useState("");
  const [scope, setScope] = useState<string>(SCOPES[0]);
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const add = async (): Promise<void> => {
    setError(null);
    await post("/v1/suppressions", { ...fieldOf(entry.trim()), scope, reason });
    say(`${entry.trim()} gets no more mail.`);
    setEntry("");
    done();
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="add-suppression"
      onSubmit={(event) => {
        event.preventDefault();
        add().catch(setError);
      }}
    >
      <h2 id="add-suppression">Add one</h2>
      <label>
        <span>Address, @domain or MD5</span>
        <input
          required
          value={entry}
          onInput={(event) => setEntry(event.currentTarget.value)}
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <label>
        <span>For</span>
        <select value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
          {SCOPES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Reason</span>
        <input value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Add</button>
      </div>
    </form>
  );
}

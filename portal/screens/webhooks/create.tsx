// A new endpoint.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { Failure } from "../../ui/parts.tsx";
import { EventsField } from "./events-field.tsx";
import type { Made } from "./secret-once.tsx";
import { EVENTS, type Format } from "./webhook.ts";

const FORMATS: readonly Format[] = ["kasplo", "kasapost"];

type Fields = {
  readonly url: string;
  readonly format: Format;
  readonly events: readonly string[] | null;
};

const NOTHING: Fields = { url: "", format: "kasplo", events: null };

export function Create({ done }: { readonly done: (made: Made) => void }) {
  const [fields, setFields] = useState(NOTHING);
  const [error, setError] = useState<unknown>(null);
  const create = async (): Promise<void> => {
    setError(null);
    try {
      done((await post<{ data: Made }>("/v1/webhooks", fields)).data);
      setFields(NOTHING);
    } catch (error) {
      setError(error);
    }
  };
  const { url, format, events } = fields;
  return (
    <form
      class="card narrow"
      aria-labelledby="new-webhook"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <h2 id="new-webhook">Add a webhook</h2>
      <label>
        <span>URL that takes the posts; https:// is best</span>
        <input
          type="url"
          required
          maxLength={2048}
          placeholder="https://example.com/hook"
          value={url}
          onInput={(event) => setFields({ ...fields, url: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Format: whose names and fields the posts have</span>
        <select
          value={format}
          onChange={({ currentTarget: { value } }) => {
            const format = FORMATS.find((name) => name === value) ?? "kasplo";
            setFields({ ...fields, format, events: events && EVENTS[format] });
          }}
        >
          {FORMATS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <EventsField
        format={format}
        events={events}
        choose={(events) => setFields({ ...fields, events })}
      />
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" class="main" disabled={events?.length === 0}>
          Add the webhook
        </button>
      </div>
    </form>
  );
}

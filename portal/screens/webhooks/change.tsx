// Another URL, other events.
import { useState } from "preact/hooks";
import { patch } from "../../lib/api.ts";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { EventsField } from "./events-field.tsx";
import type { Webhook } from "./webhook.ts";

type ChangeProps = {
  readonly path: string;
  readonly webhook: Webhook;
  readonly done: () => void;
};

export function Change({ path, webhook, done }: ChangeProps) {
  const [url, setUrl] = useState(webhook.url);
  const [events, setEvents] = useState(webhook.events);
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    setError(null);
    try {
      await patch(path, { url, events });
      say("Changed. What waits goes to the new URL, too.");
      done();
    } catch (error) {
      setError(error);
    }
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="change-webhook"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2 id="change-webhook">URL and events</h2>
      <label>
        <span>URL</span>
        <input
          type="url"
          required
          maxLength={2048}
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <EventsField format={webhook.format} events={events} choose={setEvents} />
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" disabled={events?.length === 0}>
          Save
        </button>
      </div>
    </form>
  );
}

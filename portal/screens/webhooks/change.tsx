// Another URL, other events.
import { useState } from "preact/hooks";
import { patch } from "../../lib/api.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
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
  const save = async (): Promise<void> => {
    await patch(path, { url, events });
    say("Changed. What waits goes to the new URL, too.");
    done();
  };
  return (
    <Form title="URL and events" action="Save" isReady={events?.length !== 0} run={save}>
      <TextField label="URL" type="url" required maxLength={2048} value={url} set={setUrl} />
      <EventsField format={webhook.format} events={events} choose={setEvents} />
    </Form>
  );
}

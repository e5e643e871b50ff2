// A new endpoint.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
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
  const { url, format, events } = fields;
  const set = (change: Partial<Fields>): void => setFields({ ...fields, ...change });
  const create = async (): Promise<void> => {
    done((await post<{ data: Made }>("/v1/webhooks", fields)).data);
    setFields(NOTHING);
  };
  return (
    <Form
      title="Add a webhook"
      action="Add the webhook"
      isMain
      isReady={events?.length !== 0}
      run={create}
    >
      <TextField
        label="URL that takes the posts; https:// is best"
        type="url"
        required
        maxLength={2048}
        placeholder="https://example.com/hook"
        value={url}
        set={(url) => set({ url })}
      />
      <SelectField
        label="Format: whose names and fields the posts have"
        value={format}
        options={FORMATS}
        set={(name) => {
          const format = FORMATS.find((one) => one === name) ?? "kasplo";
          set({ format, events: events && EVENTS[format] });
        }}
      />
      <EventsField format={format} events={events} choose={(events) => set({ events })} />
    </Form>
  );
}

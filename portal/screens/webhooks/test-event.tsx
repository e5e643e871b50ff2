// Posts a sample now and shows what was sent and what came back.
import { useState } from "preact/hooks";
import { post, queryOf } from "../../lib/api.ts";
import { SelectField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Mark } from "../../ui/parts.tsx";
import { Exchange } from "./exchange.tsx";
import { EVENTS, type Format, sentence } from "./webhook.ts";

type Tested = {
  readonly ok: boolean;
  readonly status: number | null;
  readonly ms: number;
  readonly error: string | null;
  readonly request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  readonly answer: { readonly status: number; readonly body: string } | null;
};

export function TestEvent({ path, format }: { readonly path: string; readonly format: Format }) {
  const [event, setEvent] = useState<string>(EVENTS[format][0]);
  const [tested, setTested] = useState<Tested | null>(null);
  const test = async (): Promise<void> => {
    setTested(null);
    setTested((await post<{ data: Tested }>(`${path}/test${queryOf({ event })}`, {})).data);
  };
  return (
    <section class="card" aria-labelledby="test-event">
      <h2 id="test-event">Send a test event</h2>
      <Form
        title="Send a test event"
        layout="row within"
        action="Send it"
        busy="Waiting for the answer …"
        run={test}
      >
        <SelectField
          label="A sample of"
          value={event}
          options={EVENTS[format].map((name) => [name, name.replaceAll("_", " ")] as const)}
          set={setEvent}
        />
      </Form>
      {tested && (
        <>
          <p role="status">
            <Mark word={tested.ok ? "success" : "failure"} />{" "}
            {tested.ok ? `It was taken after ${tested.ms} ms.` : sentence(tested.error ?? "")}
          </p>
          <Exchange request={tested.request} answer={tested.answer} error={tested.error} />
        </>
      )}
    </section>
  );
}

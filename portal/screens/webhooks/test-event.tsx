// Posts a sample now and shows what was sent and what came back.
import { useState } from "preact/hooks";
import { post, queryOf } from "../../lib/api.ts";
import { Failure, Mark } from "../../ui/parts.tsx";
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
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const test = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    setTested(null);
    try {
      const { data } = await post<{ data: Tested }>(`${path}/test${queryOf({ event })}`, {});
      setTested(data);
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card" aria-labelledby="test-event">
      <h2 id="test-event">Send a test event</h2>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          void test();
        }}
      >
        <label>
          <span>A sample of</span>
          <select value={event} onChange={(event) => setEvent(event.currentTarget.value)}>
            {EVENTS[format].map((name) => (
              <option key={name} value={name}>
                {name.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={isBusy}>
          {isBusy ? "Waiting for the answer …" : "Send it"}
        </button>
      </form>
      {error !== null && <Failure error={error} />}
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

// Posts once more: all that failed, a range of time, or one event.
import { useState } from "preact/hooks";
import { Failure } from "../../ui/parts.tsx";
import type { AskReplay } from "./failures.tsx";
import { isoOf } from "./webhook.ts";

type ReplayProps = {
  /** How many events were not taken. */
  readonly count: number;
  readonly replay: AskReplay;
};

export function Replay({ count, replay }: ReplayProps) {
  const [fields, setFields] = useState({ from: "", to: "", eventId: "" });
  const [error, setError] = useState<unknown>(null);
  const ask = (what: object, done: string): void => {
    setError(null);
    replay(what, done).catch(setError);
  };
  const set =
    (name: keyof typeof fields) =>
    (event: { readonly currentTarget: { readonly value: string } }): void =>
      setFields({ ...fields, [name]: event.currentTarget.value });
  const { from, to, eventId } = fields;
  return (
    <section class="card" aria-labelledby="replay">
      <h2 id="replay">Replay</h2>
      <p class="quiet">
        Posts events once more with the same webhook-id, so a receiver that remembers it does
        nothing twice.
      </p>
      <div class="row">
        <button
          type="button"
          disabled={count === 0}
          onClick={() => ask({ failed: true }, "All of them are posted again now.")}
        >
          Replay all that failed
        </button>
      </div>
      <form
        class="filters"
        aria-label="Replay a range of time"
        onSubmit={(event) => {
          event.preventDefault();
          const range = { from: isoOf(from), to: isoOf(to) };
          ask(range, "The range is posted again; its progress stands under Health.");
        }}
      >
        <label>
          <span>From, in your time</span>
          <input type="datetime-local" step={1} required value={from} onInput={set("from")} />
        </label>
        <label>
          <span>To, in your time</span>
          <input type="datetime-local" step={1} required value={to} onInput={set("to")} />
        </label>
        <button type="submit">Replay this range</button>
      </form>
      <form
        class="filters"
        aria-label="Replay one event"
        onSubmit={(event) => {
          event.preventDefault();
          ask({ event_id: eventId.trim() }, "It is posted again now.");
        }}
      >
        <label>
          <span>Id of an event (its webhook-id)</span>
          <input required maxLength={64} value={eventId} onInput={set("eventId")} />
        </label>
        <button type="submit">Replay this event</button>
      </form>
      {error !== null && <Failure error={error} />}
    </section>
  );
}

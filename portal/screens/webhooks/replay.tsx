// Posts once more: all that failed, a range of time, or one event.
import { useState } from "preact/hooks";
import { isoOf } from "../../lib/local-time.ts";
import { useRun } from "../../lib/run.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import type { AskReplay } from "./failures.tsx";

type ReplayProps = {
  /** How many events were not taken. */
  readonly count: number;
  readonly replay: AskReplay;
};

export function Replay({ count, replay }: ReplayProps) {
  const [fields, setFields] = useState({ from: "", to: "", eventId: "" });
  const { error, start } = useRun();
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
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
          onClick={() => start(() => replay({ failed: true }, "All of them are posted again now."))}
        >
          Replay all that failed
        </button>
      </div>
      <Form
        title="Replay a range of time"
        layout="row within"
        action="Replay this range"
        run={() =>
          replay(
            { from: isoOf(from), to: isoOf(to) },
            "The range is posted again; its progress stands under Health.",
          )
        }
      >
        <TextField
          label="From, in your time"
          type="datetime-local"
          step={1}
          required
          value={from}
          set={(from) => set({ from })}
        />
        <TextField
          label="To, in your time"
          type="datetime-local"
          step={1}
          required
          value={to}
          set={(to) => set({ to })}
        />
      </Form>
      <Form
        title="Replay one event"
        layout="row within"
        action="Replay this event"
        run={() => replay({ event_id: eventId.trim() }, "It is posted again now.")}
      >
        <TextField
          label="Id of an event (its webhook-id)"
          required
          maxLength={64}
          value={eventId}
          set={(eventId) => set({ eventId })}
        />
      </Form>
      {error !== null && <Failure error={error} />}
    </section>
  );
}

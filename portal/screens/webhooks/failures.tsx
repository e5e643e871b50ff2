// What an endpoint did not take, the latest first.
import { usePages } from "../../lib/pages.ts";
import { hashOf } from "../../lib/router.ts";
import { type Run, useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Listing } from "../../ui/listing.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";

const PAGE = 25;

type Missed = {
  readonly event_id: string;
  readonly event: string;
  readonly at: string;
  readonly tries: number;
  readonly next_try_at: string | null;
  readonly last_error: string;
};

/** Asks for something to be posted once more, and says so. */
export type AskReplay = (what: object, done: string) => Promise<void>;

type FailuresProps = {
  readonly path: string;
  readonly id: string;
  /** Another one: what is listed may be otherwise. */
  readonly version: string;
  /** Null when nothing may be replayed. */
  readonly replay: AskReplay | null;
};

export function Failures({ path, id, version, replay }: FailuresProps) {
  // A body tells of a recipient, as events do.
  const maySee = may(useMe(), "events");
  const pages = usePages<Missed>(`${path}/failures`, { order: "desc", limit: PAGE }, version);
  const { error, start } = useRun();
  const to = (failure: string): string => hashOf({ screen: "webhooks", id, query: { failure } });
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Not taken</h2>
      <Listing
        pages={pages}
        caption="Failures"
        columns={[...COLUMNS, actColumn(maySee ? to : null, replay, start)]}
        keyOf={({ event_id: id }) => id}
        empty={<p class="quiet">Nothing: every event that was posted so far was taken.</p>}
      />
      {error !== null && <Failure error={error} />}
    </section>
  );
}

const COLUMNS: readonly Column<Missed>[] = [
  { name: "Event", text: ({ event }) => event, show: ({ event }) => <Mark word={event} /> },
  { name: "Happened", text: ({ at }) => at, show: ({ at }) => <Time at={at} /> },
  { name: "What came back", text: ({ last_error: reason }) => reason, isLong: true },
  { name: "Tries", text: ({ tries }) => String(tries), isNumber: true },
  {
    name: "Next try",
    text: ({ next_try_at: next }) => next ?? "none",
    show: ({ next_try_at: next }) => (next === null ? "none" : <Time at={next} />),
  },
];

function actColumn(
  to: ((eventId: string) => string) | null,
  replay: AskReplay | null,
  start: Run["start"],
): Column<Missed> {
  const done = "It is posted again now.";
  return {
    name: "Look and act",
    text: ({ event_id: eventId }) => eventId,
    show: ({ event, event_id: eventId }) => (
      <span class="row">
        {to && (
          <a href={to(eventId)}>
            Request and answer<span class="hidden"> of {event}</span>
          </a>
        )}
        {replay && (
          <button
            type="button"
            class="small"
            aria-label={`Replay ${event} ${eventId}`}
            onClick={() => start(() => replay({ event_id: eventId }, done))}
          >
            Replay
          </button>
        )}
      </span>
    ),
  };
}

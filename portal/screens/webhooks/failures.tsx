// What an endpoint did not take, the latest first.
import { useEffect, useState } from "preact/hooks";
import { getPage, type Page } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";

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
  /** Another one: the list may be another. */
  readonly version: string;
  /** Null when nothing may be replayed. */
  readonly replay: AskReplay | null;
};

export function Failures({ path, id, version, replay }: FailuresProps) {
  // A body tells of a recipient, as events do.
  const maySee = may(useMe(), "events");
  const ask = (cursor: string | null): Promise<Page<Missed>> =>
    getPage<Missed>(`${path}/failures`, { order: "desc", limit: PAGE, cursor });
  const { data, error, again } = useLoad(() => ask(null), version);
  const [older, setOlder] = useState<Page<Missed> | null>(null);
  const [refused, setRefused] = useState<unknown>(null);
  useEffect(() => setOlder(null), [data]);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  const to = (failure: string): string => hashOf({ screen: "webhooks", id, query: { failure } });
  const rows = [...data.data, ...(older?.data ?? [])];
  const next = (older ?? data).next_cursor;
  const more = (cursor: string): void => {
    ask(cursor).then(
      (page) => setOlder({ ...page, data: [...(older?.data ?? []), ...page.data] }),
      setRefused,
    );
  };
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Not taken</h2>
      {rows.length === 0 ? (
        <p class="quiet">Nothing: every event that was posted so far was taken.</p>
      ) : (
        <Table
          caption="Failures"
          columns={[...COLUMNS, actColumn(maySee ? to : null, replay, setRefused)]}
          rows={rows}
          keyOf={({ event_id: id }) => id}
          more={next === null ? null : () => more(next)}
        />
      )}
      {refused !== null && <Failure error={refused} />}
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
  refuse: (error: unknown) => void,
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
            onClick={() => void replay({ event_id: eventId }, done).catch(refuse)}
          >
            Replay
          </button>
        )}
      </span>
    ),
  };
}

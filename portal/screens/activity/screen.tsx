// Activity: what happens, as it happens, and what happened before. The filters stand in the URL.
import { useEffect, useState } from "preact/hooks";
import { getPage, type Page } from "../../lib/api.ts";
import { go, hashOf, usePlace } from "../../lib/router.ts";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type ActivityEvent, atOf, messageOf, newestFirst } from "./event.ts";
import { Filters } from "./filters.tsx";
import { useLive } from "./live.ts";

const PAGE = 50;

const COLUMNS: readonly Column<ActivityEvent>[] = [
  { name: "Time", text: atOf, show: (event) => <Time at={atOf(event)} /> },
  { name: "Event", text: ({ event }) => event, show: (event) => <EventMark {...event} /> },
  { name: "Recipient", text: ({ email }) => email, show: (event) => <Recipient {...event} /> },
  { name: "Tag", text: ({ tags }) => tags ?? "", isLong: true },
  { name: "Details", text: detailsOf, isLong: true },
];

export function Screen() {
  const { query } = usePlace();
  const key = JSON.stringify(query);
  // What was loaded belongs to one set of filters: another one begins anew.
  return (
    <>
      <h1>Activity</h1>
      <Filters
        key={`filters ${key}`}
        query={query}
        change={(query) => go({ screen: "activity", query })}
      />
      <Feed key={key} query={query} />
    </>
  );
}

function Feed({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const [page, setPage] = useState<Page<ActivityEvent> | null>(null);
  const [error, setError] = useState<unknown>(null);
  // With an end in the past nothing new can come.
  const live = useLive(query, query["to"] === undefined);
  const ask = (cursor: string | null): void => {
    setError(null);
    getPage<ActivityEvent>("/v1/events", { ...eventQuery(query), limit: PAGE, cursor }).then(
      (next) =>
        setPage((page) => ({
          data: cursor === null ? next.data : [...(page?.data ?? []), ...next.data],
          next_cursor: next.next_cursor,
        })),
      setError,
    );
  };
  useEffect(() => ask(null), []);
  if (error !== null && page === null) return <Failure error={error} again={() => ask(null)} />;
  if (page === null) return <Waiting />;
  const rows = newestFirst([...live.events, ...page.data]);
  const next = page.next_cursor;
  return (
    <>
      <p class="quiet" role="status">
        {live.isOn ? "Live: new events appear by themselves." : live.reason}
      </p>
      {rows.length === 0 && next === null ? (
        <Nothing isFiltered={Object.keys(query).length > 0} />
      ) : (
        <Table
          caption="Activity"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ id }) => id}
          more={next === null ? null : () => ask(next)}
        />
      )}
      {error !== null && <Failure error={error} />}
    </>
  );
}

/** The part of the filters that /v1/events knows; it has no mail class, which the live feed has. */
function eventQuery(query: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { event, recipient, tag, from, to } = query;
  return { event, recipient, tag, from, to };
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) {
    return <Empty title="Nothing fits">Take a filter away, or wait: what fits appears here.</Empty>;
  }
  return (
    <Empty title="Nothing has happened yet">
      <a href={hashOf({ screen: "send-test" })}>Send a test</a> and watch it arrive here.
    </Empty>
  );
}

function EventMark({ event, status, machine }: ActivityEvent) {
  const isFailure = event === "delivery_attempt" && status !== undefined;
  return (
    <>
      <Mark word={isFailure ? status : event} />
      {machine && <span class="quiet"> by a machine</span>}
    </>
  );
}

function Recipient(event: ActivityEvent) {
  const id = messageOf(event);
  if (id === null) return <>{event.email}</>;
  return <a href={hashOf({ screen: "message", id })}>{event.email || "erased"}</a>;
}

function detailsOf({ click_url, bounce_text, message }: ActivityEvent): string {
  return click_url ?? bounce_text ?? message ?? "";
}

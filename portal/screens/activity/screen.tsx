// Activity: what happens, as it happens, and what happened before. The filters stand in the URL.
import { go, usePlace } from "../../lib/router.ts";
import { maySee } from "../../screens.ts";
import { useMe } from "../../lib/session.ts";
import { Link } from "../../ui/link.tsx";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type ActivityEvent, atOf, messageOf, newestFirst } from "./event.ts";
import { isOver, isWithin, type Query, rangeFault } from "./filter.ts";
import { Filters } from "./filters.tsx";
import { useLive } from "./live.ts";
import { MessagesTo } from "./messages-to.tsx";
import { useOlder } from "./older.ts";

const COLUMNS: readonly Column<ActivityEvent>[] = [
  { name: "Time", text: atOf, show: (event) => <Time at={atOf(event)} /> },
  { name: "Event", text: ({ event }) => event, show: (event) => <EventMark {...event} /> },
  { name: "Recipient", text: ({ email }) => email, show: (event) => <Recipient {...event} /> },
  { name: "Tag", text: ({ tags }) => tags ?? "", isLong: true },
  { name: "Details", text: detailsOf, isLong: true },
];

export function Screen() {
  const { query } = usePlace();
  return (
    <>
      <h1>Activity</h1>
      <Filters query={query} change={(query) => go({ screen: "activity", query })} />
      {/* What was loaded belongs to one set of filters: another one begins anew. */}
      {rangeFault(query) === null && <Feed key={JSON.stringify(query)} query={query} />}
    </>
  );
}

function Feed({ query }: { readonly query: Query }) {
  const older = useOlder(query);
  const live = useLive(query, !isOver(query, Date.now()));
  const { error, next, lookingAt } = older;
  if (!older.isAnswered) {
    return error === null ? <Waiting /> : <Failure error={error} again={older.more} />;
  }
  const rows = newestFirst([
    ...live.events.filter((event) => isWithin(event, query)),
    ...older.events,
  ]);
  return (
    <>
      <p class="quiet" role="status">
        {live.isOn ? "Live: new events appear by themselves." : live.reason}
      </p>
      {query["recipient"] && <MessagesTo address={query["recipient"]} />}
      {rows.length === 0 && next === null ? (
        <Nothing isFiltered={Object.keys(query).length > 0} />
      ) : (
        <Table
          caption="Activity"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ id }) => id}
          more={next === null || lookingAt !== null ? null : older.more}
        />
      )}
      {lookingAt !== null && (
        <p class="quiet" role="status">
          Looking further back, before <Time at={lookingAt} /> …{" "}
          <button type="button" class="small" onClick={older.stop}>
            Stop
          </button>
        </p>
      )}
      {error !== null && <Failure error={error} />}
    </>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const me = useMe();
  if (isFiltered) {
    return <Empty title="Nothing fits">Take a filter away, or wait: what fits appears here.</Empty>;
  }
  return (
    <Empty title="Nothing has happened yet">
      {maySee(me, "send-test") ? (
        <>
          <Link to={{ screen: "send-test" }}>Send a test</Link> and watch it arrive here.
        </>
      ) : (
        "What is sent appears here by itself."
      )}
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
  return <Link to={{ screen: "message", id }}>{event.email || "erased"}</Link>;
}

function detailsOf({ click_url, bounce_text, message }: ActivityEvent): string {
  return click_url ?? bounce_text ?? message ?? "";
}

// The filters of the activity screen: what is chosen goes into the URL, and the URL is what is shown.
import { useState } from "preact/hooks";

type Query = Readonly<Record<string, string>>;
export type FiltersProps = { readonly query: Query; readonly change: (query: Query) => void };

const EVENTS = [
  "delivery_attempt",
  "open",
  "click",
  "bounce_all",
  "bounce_bad_address",
  "unsubscribe",
  "spam_complaint",
] as const;

/** Hours back; "" is everything that is kept. */
const PERIODS = [
  ["", "any time"],
  ["1", "the last hour"],
  ["24", "the last day"],
  ["168", "the last week"],
] as const;

const HOUR_MS = 3_600_000;

export function Filters({ query, change }: FiltersProps) {
  const [fields, setFields] = useState({
    recipient: query["recipient"] ?? "",
    tag: query["tag"] ?? "",
  });
  const period = (hours: string): void => {
    const from = hours === "" ? "" : new Date(Date.now() - Number(hours) * HOUR_MS).toISOString();
    change({ ...query, from });
  };
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filters"
      onSubmit={(event) => {
        event.preventDefault();
        change({ ...query, ...fields });
      }}
    >
      <label>
        <span>Recipient</span>
        <input
          type="search"
          value={fields.recipient}
          onInput={(event) => setFields({ ...fields, recipient: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Tag</span>
        <input
          type="search"
          value={fields.tag}
          onInput={(event) => setFields({ ...fields, tag: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Event</span>
        <select
          value={query["event"] ?? ""}
          onChange={(event) => change({ ...query, event: event.currentTarget.value })}
        >
          <option value="">all</option>
          {EVENTS.map((name) => (
            <option key={name} value={name}>
              {name.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Time</span>
        <select
          value={query["from"] === undefined ? "" : "kept"}
          onChange={(event) => period(event.currentTarget.value)}
        >
          {query["from"] !== undefined && (
            <option value="kept">since {query["from"].slice(0, 16)}</option>
          )}
          {PERIODS.map(([hours, name]) => (
            <option key={hours} value={hours}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Filter</button>
    </form>
  );
}

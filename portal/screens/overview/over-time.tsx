// How sending and reading went over a time: drawn, and as a table.
import { timeColumn } from "../../ui/columns.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Chart, type Line } from "./chart.tsx";
import type { Series } from "./stats.ts";

const SENDING: readonly Line[] = [
  ["Sent", "accepted", "--accent"],
  ["Delivered", "delivered", "--good"],
  ["Bounced", "bounced", "--bad"],
];

const READING: readonly Line[] = [
  ["Opens", "opens", "--accent"],
  ["Clicks", "clicks", "--good"],
  ["Unsubscribes", "unsubscribes", "--bad"],
];

type Interval = Series["intervals"][number];

const COLUMNS: readonly Column<Interval>[] = [
  timeColumn("Begins", ({ at }) => at),
  ...[...SENDING, ...READING].map(([name, count]): Column<Interval> => ({
    name,
    text: ({ counts }) => String(counts[count] ?? 0),
    isNumber: true,
  })),
];

export function OverTime({ intervals }: { readonly intervals: readonly Interval[] }) {
  return (
    <>
      <div class="charts">
        <Chart
          label="Sent, delivered and bounced over time"
          lines={SENDING}
          intervals={intervals}
        />
        <Chart
          label="Opens, clicks and unsubscribes over time"
          lines={READING}
          intervals={intervals}
        />
      </div>
      <details>
        <summary>The same as a table</summary>
        <Table caption="Over time" columns={COLUMNS} rows={intervals} keyOf={({ at }) => at} />
      </details>
    </>
  );
}

// Overview: what needs attention, how much was sent over a time and how it went, and where it went.
import { Chart } from "./chart.tsx";
import { get } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf, usePlace } from "../../lib/router.ts";
import { useMe } from "../../lib/session.ts";
import { maySee } from "../../screens.ts";
import { Link } from "../../ui/link.tsx";
import { Empty, Failure, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Attention } from "./attention.tsx";
import {
  changeOf,
  type Period,
  periodOf,
  PERIOD_NAMES,
  PERIODS,
  rangesOf,
  type Series,
  type Stats,
} from "./stats.ts";

/** What is counted, by the names of /v1/stats. */
const TILES = [
  ["Sent", "accepted"],
  ["Delivered", "delivered"],
  ["Bounced", "bounced"],
  ["Complaints", "complaints"],
  ["Opens", "opens"],
  ["Clicks", "clicks"],
] as const;

const MACHINES: Readonly<Record<string, string>> = {
  opens: "opens_machine",
  clicks: "clicks_machine",
};

type Answers = { readonly now: Stats; readonly before: Stats; readonly groups: Stats };

export function Screen() {
  const period = periodOf(usePlace().query["period"]);
  const { data, error, again } = useLoad(() => ask(period), period);
  return (
    <>
      <h1>Overview</h1>
      <Attention />
      <nav class="row" aria-label="Period">
        {PERIOD_NAMES.map((one) => (
          <a
            key={one}
            class="choice"
            href={hashOf({ screen: "overview", query: { period: one } })}
            aria-current={one === period ? "true" : undefined}
          >
            {PERIODS[one].name}
          </a>
        ))}
      </nav>
      {error !== null && <Failure error={error} again={again} />}
      {error === null && data === null && <Waiting />}
      {data && <Counted answers={data} />}
    </>
  );
}

async function ask(period: Period): Promise<Answers> {
  const { from, before, end } = rangesOf(period, Date.now());
  const { interval } = PERIODS[period];
  const [now, earlier, groups] = await Promise.all([
    get<Stats>("/v1/stats", { from, interval }),
    get<Stats>("/v1/stats", { from: before, to: end, interval }),
    get<Stats>("/v1/stats", { from, interval, by: "domain_group" }),
  ]);
  return { now, before: earlier, groups };
}

function Counted({ answers: { now, before, groups } }: { readonly answers: Answers }) {
  const me = useMe();
  if ((now.total.counts["accepted"] ?? 0) === 0 && (before.total.counts["accepted"] ?? 0) === 0) {
    return (
      <Empty title="Nothing was sent in this time">
        {maySee(me, "send-test") ? (
          <>
            <Link to={{ screen: "send-test" }}>Send a test</Link>, or choose a longer time.
          </>
        ) : (
          "Choose a longer time."
        )}
      </Empty>
    );
  }
  return (
    <>
      <dl class="tiles">
        {TILES.map(([name, count]) => (
          <Tile key={count} name={name} count={count} now={now} before={before} />
        ))}
      </dl>
      <Chart intervals={now.series[0]?.intervals ?? []} />
      <h2>Where it went</h2>
      <Table
        caption="Deliverability by domain group"
        columns={GROUPS}
        rows={groups.series}
        keyOf={({ value }) => value ?? ""}
      />
    </>
  );
}

type TileProps = {
  readonly name: string;
  readonly count: string;
  readonly now: Stats;
  readonly before: Stats;
};

function Tile({ name, count, now, before }: TileProps) {
  const value = now.total.counts[count] ?? 0;
  const earlier = before.total.counts[count] ?? 0;
  const machines = MACHINES[count];
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value.toLocaleString()}</b>
        <span class="quiet">
          {changeOf(value, earlier) ?? "nothing"}{" "}
          {earlier > 0 ? `of ${earlier.toLocaleString()}` : ""} before
        </span>
        {machines !== undefined && (
          <span class="quiet">
            {(now.total.counts[machines] ?? 0).toLocaleString()} more by machines
          </span>
        )}
      </dd>
    </div>
  );
}

const GROUPS: readonly Column<Series>[] = [
  { name: "Domains", text: ({ value }) => value ?? "all" },
  { name: "Sent", text: countOf("accepted"), isNumber: true },
  { name: "Delivered", text: countOf("delivered"), isNumber: true },
  { name: "Bounced", text: countOf("bounced"), isNumber: true },
  { name: "Delivery %", text: rateOf("delivery"), isNumber: true },
  { name: "Bounce %", text: rateOf("bounce"), isNumber: true },
  { name: "Complaint %", text: rateOf("complaint"), isNumber: true },
];

function countOf(name: string): (series: Series) => string {
  return ({ total }) => String(total.counts[name] ?? 0);
}

function rateOf(name: string): (series: Series) => string {
  return ({ total }) => {
    const rate = total.rates[name] ?? null;
    return rate === null ? "" : (rate * 100).toFixed(2);
  };
}

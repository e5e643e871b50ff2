// Overview: what needs attention, how much was sent over a time and how it went, and where it went.
import { get } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf, usePlace } from "../../lib/router.ts";
import { classChoices, useMe } from "../../lib/session.ts";
import { maySee } from "../../screens.ts";
import { Answer } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Attention } from "./attention.tsx";
import {
  percent,
  type Period,
  periodOf,
  PERIOD_NAMES,
  PERIODS,
  rangesOf,
  type Series,
  type Stats,
} from "./stats.ts";
import { OverTime } from "./over-time.tsx";
import { Tiles } from "./tiles.tsx";
import { type Filter, Troubles } from "./troubles.tsx";

type Answers = {
  /** When the time begins, ISO 8601. */
  readonly from: string;
  readonly now: Stats;
  readonly before: Stats;
  readonly groups: Stats;
};

export function Screen() {
  const { query } = usePlace();
  const period = periodOf(query["period"]);
  const mailClass = query["mail_class"] ?? "";
  const classes = classChoices(useMe(), "all mail");
  const answers = useLoad(() => ask(period, mailClass), `${period} ${mailClass}`);
  return (
    <>
      <h1>Overview</h1>
      <Attention />
      <Choices
        label="Period"
        options={PERIOD_NAMES.map((one) => [one, PERIODS[one].name] as const)}
        chosen={period}
        hash={(period) => hashOf({ screen: "overview", query: { ...query, period } })}
      />
      {classes.length > 0 && (
        <Choices
          label="Mail class"
          options={classes}
          chosen={mailClass}
          hash={(mail_class) => hashOf({ screen: "overview", query: { ...query, mail_class } })}
        />
      )}
      <Answer of={answers}>
        {(answers) => <Counted answers={answers} filter={{ mail_class: mailClass }} />}
      </Answer>
    </>
  );
}

type ChoicesProps = {
  readonly label: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly chosen: string;
  readonly hash: (value: string) => string;
};

/** One of a few, as links: it stands in the address. */
function Choices({ label, options, chosen, hash }: ChoicesProps) {
  return (
    <nav class="row" aria-label={label}>
      {options.map(([value, words]) => (
        <a
          key={value}
          class="choice"
          href={hash(value)}
          aria-current={value === chosen ? "true" : undefined}
        >
          {words}
        </a>
      ))}
    </nav>
  );
}

async function ask(period: Period, mailClass: string): Promise<Answers> {
  const { from, before, end } = rangesOf(period, Date.now());
  const asked = { interval: PERIODS[period].interval, mail_class: mailClass || undefined };
  const [now, earlier, groups] = await Promise.all([
    get<Stats>("/v1/stats", { ...asked, from }),
    get<Stats>("/v1/stats", { ...asked, from: before, to: end }),
    get<Stats>("/v1/stats", { ...asked, from, by: "domain_group" }),
  ]);
  return { from, now, before: earlier, groups };
}

type CountedProps = { readonly answers: Answers; readonly filter: Filter };

function Counted({ answers, filter }: CountedProps) {
  const { now, before, groups } = answers;
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
      <Tiles now={now} before={before} />
      <OverTime intervals={now.series[0]?.intervals ?? []} />
      <Troubles {...answers} filter={filter} />
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
    return rate === null ? "" : percent(rate);
  };
}

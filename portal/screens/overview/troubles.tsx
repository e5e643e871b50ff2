// What went wrong in a time, by kind, with the way to what happened.
import type { Place } from "../../lib/router.ts";
import { Link } from "../../ui/link.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Stats } from "./stats.ts";

/** What the figures are of; "": all mail. */
export type Filter = { readonly mail_class: string };

type TroublesProps = {
  /** When the time begins, ISO 8601. */
  readonly from: string;
  readonly now: Stats;
  readonly before: Stats;
  readonly filter: Filter;
};

/** Kinds by their counters of /v1/stats: what they mean, and the filter of the activity that shows them. */
const KINDS = [
  ["bounced_hard", "Bounced: the address does not work", { event: "bounce_bad_address" }],
  ["bounced_soft", "Bounced: the mailbox could not take it", { event: "bounce_all" }],
  [
    "bounced_other",
    "Bounced: refused for what it is or where it came from",
    { event: "bounce_all" },
  ],
  ["late_bounces", "Of these, a relay had taken it before", { event: "bounce_all" }],
  ["expired", "Given up: not taken in its time", { status: "failure_toolong" }],
  ["deferrals", "Put off and tried again", { status: "deferral" }],
  ["suppressed", "Not sent: the address is suppressed", null],
  ["complaints", "Reported as spam", { event: "spam_complaint" }],
] as const;

type Row = {
  readonly name: string;
  readonly place: Partial<Place>;
  readonly now: number;
  readonly before: number;
};

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "What",
    text: ({ name }) => name,
    show: ({ name, place }) => <Link to={place}>{name}</Link>,
    isLong: true,
  },
  { name: "Now", text: ({ now }) => String(now), isNumber: true },
  { name: "Before", text: ({ before }) => String(before), isNumber: true },
];

export function Troubles({ from, now, before, filter }: TroublesProps) {
  const rows = KINDS.map(([count, name, query]): Row => {
    const place: Partial<Place> =
      query === null
        ? { screen: "suppressions" }
        : { screen: "activity", query: { ...query, ...filter, from } };
    return {
      name,
      place,
      now: now.total.counts[count] ?? 0,
      before: before.total.counts[count] ?? 0,
    };
  }).filter((row) => row.now > 0 || row.before > 0);
  if (rows.length === 0) return null;
  return (
    <>
      <h2>What went wrong</h2>
      <Table caption="What went wrong" columns={COLUMNS} rows={rows} keyOf={({ name }) => name} />
    </>
  );
}

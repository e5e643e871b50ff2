// What holds mail back, and what it costs: quotas, pace and warm-up of each group of domains, credits, price.
import { get } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { may, useMe } from "../../lib/session.ts";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { CreditsPart } from "./credits.tsx";
import { type Limit, type Limits, spanWords } from "./limit.ts";
import { Price } from "./price.tsx";
import { Throttles } from "./throttles.tsx";

export function Screen() {
  const me = useMe();
  return (
    <>
      <h1>Limits</h1>
      <Quota />
      {may(me, "throttles") && <Throttles />}
      <CreditsPart />
      <Price />
    </>
  );
}

const COLUMNS: readonly Column<Limit>[] = [
  { name: "Limit", text: ({ name }) => name },
  { name: "Recipients", text: ({ recipients }) => String(recipients), isNumber: true },
  { name: "In", text: ({ window_seconds: seconds }) => spanWords(seconds) },
  { name: "Left", text: ({ remaining }) => remaining?.toString() ?? "", isNumber: true },
  {
    name: "Full again in",
    text: ({ reset_seconds: seconds }) => (seconds === null ? "" : spanWords(seconds)),
  },
];

function Quota() {
  const { data, error, again } = useLoad(() => get<Limits>("/v1/account/limits"), "");
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  const { plan, pace, limits } = data;
  return (
    <section aria-labelledby="quota">
      <h2 id="quota">Quota</h2>
      <p>
        The plan is <b>{plan}</b>.{" "}
        {pace === null || pace.percent === 100
          ? "Nothing slows the account down."
          : `The account is slowed down to ${pace.percent} %: ${pace.reason ?? "it recovers"}.`}
      </p>
      <Table caption="Quota" columns={COLUMNS} rows={limits} keyOf={({ name }) => name} />
    </section>
  );
}

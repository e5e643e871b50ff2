// What receivers will think of a domain: asked for, since it asks DNS.
import { useState } from "preact/hooks";
import { get } from "../../lib/api.ts";
import { useTask } from "../../lib/run.ts";
import { markColumn } from "../../ui/columns.tsx";
import { Failure } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Report } from "./domain.ts";

type Check = Report["checks"][number];

const COLUMNS: readonly Column<Check>[] = [
  { name: "Check", text: ({ check }) => check.toUpperCase() },
  markColumn("Result", ({ status }) => status),
  { name: "Points", text: ({ points, of }) => `${points} of ${of}` },
  { name: "Found", text: ({ found }) => found.join(" "), isLong: true },
  { name: "What to do", text: ({ advice }) => advice, isLong: true },
];

export function DomainReport({ path }: { readonly path: string }) {
  const [report, setReport] = useState<Report | null>(null);
  const { error, isBusy, start } = useTask();
  const ask = async (): Promise<void> => setReport(await get<Report>(`${path}/report`));
  return (
    <section aria-labelledby="report">
      <h2 id="report">Report</h2>
      <p class="quiet">What receivers will think of this domain, from what DNS shows them.</p>
      <div class="row">
        <button type="button" aria-disabled={isBusy} onClick={() => start(ask)}>
          {isBusy ? "Looking …" : report === null ? "Make the report" : "Make it again"}
        </button>
      </div>
      {error !== null && <Failure error={error} />}
      {report !== null && <Shown report={report} />}
    </section>
  );
}

function Shown({ report }: { readonly report: Report }) {
  const { score, fix_first: first, checks } = report;
  return (
    <>
      <p role="status">
        {score === null ? "Nothing could be looked at." : <b>{score} of 100 points.</b>}{" "}
        {first.length > 0 && `First: ${first.join(" ")}`}
      </p>
      <Table caption="Report" columns={COLUMNS} rows={checks} keyOf={({ check }) => check} />
    </>
  );
}

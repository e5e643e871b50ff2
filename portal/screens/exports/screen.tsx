// Exports: order a file, see how far it is, download it.
import { useState } from "preact/hooks";
import { remove } from "../../lib/api.ts";
import { LOOK_EVERY_MS, useEvery } from "../../lib/every.ts";
import { usePages } from "../../lib/pages.ts";
import { may, useMe } from "../../lib/session.ts";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { Progress } from "../../ui/progress.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { type Export, filterWords, isRunning, sizeWords } from "./export.ts";
import { OrderForm } from "./order.tsx";

const PAGE = 20;

export function Screen() {
  const exports = usePages<Export>("/v1/exports", { limit: PAGE });
  const { rows, error, again } = exports;
  const [refusal, setRefusal] = useState<unknown>(null);
  const isWriter = may(useMe(), "exports", "write");
  useEvery(LOOK_EVERY_MS, rows?.some(isRunning) ?? false, again);
  const drop = (one: Export): void => {
    setRefusal(null);
    remove(`/v1/exports/${one.id}`).then(() => {
      say("Its file is deleted.");
      again();
    }, setRefusal);
  };
  return (
    <>
      <h1>Exports</h1>
      <p class="quiet">Files of what happened, made in the background and kept for some days.</p>
      {isWriter && <OrderForm done={again} />}
      {error !== null && <Failure error={error} again={again} />}
      {refusal !== null && <Failure error={refusal} />}
      {rows === null && error === null && <Waiting />}
      {rows?.length === 0 && (
        <Empty title="No export yet">
          {isWriter
            ? "Order one above; it appears here with its progress."
            : "Somebody who may order exports makes them; they appear here."}
        </Empty>
      )}
      {rows !== null && rows.length > 0 && (
        <Table
          caption="Exports"
          columns={isWriter ? [...COLUMNS, dropColumn(drop)] : COLUMNS}
          rows={rows}
          keyOf={({ id }) => id}
          more={exports.more}
        />
      )}
    </>
  );
}

const COLUMNS: readonly Column<Export>[] = [
  { name: "Of", text: ({ kind, format }) => `${kind}, ${format}` },
  { name: "Filters", text: filterWords, isLong: true },
  { name: "From", text: ({ from }) => from, show: ({ from }) => <Time at={from} /> },
  { name: "To", text: ({ to }) => to, show: ({ to }) => <Time at={to} /> },
  { name: "Rows", text: ({ rows }) => String(rows), isNumber: true },
  { name: "State", text: ({ state }) => state, show: (one) => <State {...one} /> },
];

function State(one: Export) {
  const { state, progress, link, size, error, kind, format } = one;
  if (isRunning(one)) return <Progress label={`Export of ${kind}`} share={progress} />;
  if (link !== null) {
    return (
      <a href={link} download={`${kind}.${format}`}>
        Download{size !== null && ` (${sizeWords(size)})`}
      </a>
    );
  }
  return (
    <>
      <Mark word={state} /> {error}
    </>
  );
}

function dropColumn(drop: (one: Export) => void): Column<Export> {
  return {
    name: "Change",
    text: () => "",
    show: (one) => (
      <button type="button" class="small" onClick={() => drop(one)}>
        {isRunning(one) ? "Cancel" : "Delete"}
      </button>
    ),
  };
}

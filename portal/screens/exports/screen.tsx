// Exports: order a file, see how far it is, download it.
import { useState } from "preact/hooks";
import { remove } from "../../lib/api.ts";
import { LOOK_EVERY_MS, useEvery } from "../../lib/every.ts";
import { usePages } from "../../lib/pages.ts";
import { sizeWords } from "../../lib/size.ts";
import { may, useMe } from "../../lib/session.ts";
import { timeColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty, Mark } from "../../ui/parts.tsx";
import { Progress } from "../../ui/progress.tsx";
import type { Column } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { type Export, filterWords, isRunning } from "./export.ts";
import { OrderForm } from "./order.tsx";

const PAGE = 20;

export function Screen() {
  const pages = usePages<Export>("/v1/exports", { limit: PAGE });
  const [leaving, setLeaving] = useState<Export | null>(null);
  const isWriter = may(useMe(), "exports", "write");
  useEvery(LOOK_EVERY_MS, pages.rows?.some(isRunning) ?? false, pages);
  return (
    <>
      <h1>Exports</h1>
      <p class="quiet">Files of what happened, made in the background and kept for some days.</p>
      {isWriter && <OrderForm done={pages.again} />}
      <Listing
        pages={pages}
        caption="Exports"
        columns={isWriter ? [...COLUMNS, dropColumn(setLeaving)] : COLUMNS}
        keyOf={({ id }) => id}
        empty={
          <Empty title="No export yet">
            {isWriter
              ? "Order one above; it appears here with its progress."
              : "Somebody who may order exports makes them; they appear here."}
          </Empty>
        }
      />
      {leaving && (
        <Confirm
          title={isRunning(leaving) ? "Cancel this export?" : "Delete this file?"}
          text="It can be ordered again as long as what it tells of is kept."
          name={fileName(leaving)}
          action={isRunning(leaving) ? "Cancel it" : "Delete"}
          run={async () => {
            await remove(`/v1/exports/${leaving.id}`);
            say("Its file is deleted.");
            pages.again();
          }}
          close={() => setLeaving(null)}
        />
      )}
    </>
  );
}

const COLUMNS: readonly Column<Export>[] = [
  { name: "Of", text: ({ kind, format }) => `${kind}, ${format}` },
  { name: "Filters", text: filterWords, isLong: true },
  timeColumn("From", ({ from }) => from),
  timeColumn("To", ({ to }) => to),
  { name: "Rows", text: ({ rows }) => String(rows), isNumber: true },
  { name: "State", text: ({ state }) => state, show: (one) => <State {...one} /> },
];

function State(one: Export) {
  const { state, progress, link, size, error, kind } = one;
  if (isRunning(one)) return <Progress label={`Export of ${kind}`} share={progress} />;
  if (link !== null) {
    return (
      <a href={link} download={fileName(one)}>
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

/** What it is saved as. */
function fileName({ kind, format }: Export): string {
  return `${kind}.${format}`;
}

function dropColumn(drop: (one: Export) => void): Column<Export> {
  return {
    name: "Change",
    text: () => "",
    show: (one) => (
      <button type="button" class="small" onClick={() => drop(one)}>
        {isRunning(one) ? "Cancel …" : "Delete …"}
      </button>
    ),
  };
}

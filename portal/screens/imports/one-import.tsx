// One import: its mapping while it waits, its progress while it runs, what was refused.
import { useState } from "preact/hooks";
import { get, post, remove } from "../../lib/api.ts";
import { LOOK_EVERY_MS, useEvery } from "../../lib/every.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";
import { Progress } from "../../ui/progress.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { askKnown, askLists } from "../fields/known.ts";
import { type Import, isRunning, isWaiting, resultWords, type Uploaded } from "./import.ts";
import { MappingForm, type Start } from "./mapping.tsx";

type OneProps = { readonly id: string; readonly uploaded: Uploaded | null };

export function OneImport({ id, uploaded }: OneProps) {
  const path = `/v1/imports/${encodeURIComponent(id)}`;
  const found = useLoad(() => get<Import>(path), id);
  useEvery(LOOK_EVERY_MS, found.data !== null && isRunning(found.data), found);
  return (
    <Answer of={found}>
      {(data) => <Shown path={path} found={data} uploaded={uploaded} again={found.again} />}
    </Answer>
  );
}

type ShownProps = {
  readonly path: string;
  readonly found: Import;
  readonly uploaded: Uploaded | null;
  readonly again: () => void;
};

function Shown({ path, found, uploaded, again }: ShownProps) {
  const [isLeaving, setLeaving] = useState(false);
  const isWriter = may(useMe(), "imports", "write");
  const start = async (asked: Start): Promise<void> => {
    await post(`${path}/start`, asked);
    say(asked.dry_run ? "It is looked through; nothing is written." : "It is being imported.");
    again();
  };
  const drop = async (): Promise<void> => {
    await remove(path);
    say("Its file is deleted; contacts that were written stay.");
    go({ screen: "imports" });
  };
  return (
    <>
      <h1>Import</h1>
      <p>
        <Mark word={found.state} /> uploaded <Time at={found.created_at} />{" "}
        <Link to={{ screen: "imports" }}>All imports</Link>
      </p>
      {isRunning(found) && (
        <p role="status">
          <Progress label="Import" share={found.progress} />
        </p>
      )}
      {found.state !== "uploaded" && <p role="status">{resultWords(found)}.</p>}
      {found.error !== null && <Failure error={new Error(found.error)} />}
      {uploaded && found.state === "uploaded" && <Sample uploaded={uploaded} />}
      {isWriter && isWaiting(found) && <Mapped found={found} uploaded={uploaded} start={start} />}
      {found.errors.length > 0 && <Refused path={path} found={found} />}
      {isWriter && (
        <div class="row">
          <button type="button" onClick={() => setLeaving(true)}>
            {isRunning(found) ? "Cancel …" : "Delete the file …"}
          </button>
        </div>
      )}
      {isLeaving && (
        <Confirm
          title={isRunning(found) ? "Cancel this import?" : "Delete this file?"}
          text="Contacts that were written stay. What is left has to be uploaded again."
          name="delete"
          action={isRunning(found) ? "Cancel it" : "Delete"}
          run={drop}
          close={() => setLeaving(false)}
        />
      )}
    </>
  );
}

type MappedProps = Pick<ShownProps, "found" | "uploaded"> & {
  readonly start: (asked: Start) => Promise<void>;
};

/** The form, once it is known which lists, fields and tags there are. */
function Mapped({ found, uploaded, start }: MappedProps) {
  const mapping = found.mapping ?? uploaded?.guess ?? {};
  return (
    <Answer of={useLoad(choices, "")}>
      {(data) => <MappingForm {...data} columns={found.columns} guess={mapping} start={start} />}
    </Answer>
  );
}

async function choices() {
  const [known, lists] = await Promise.all([askKnown(), askLists()]);
  return { ...known, lists };
}

function Sample({ uploaded: { columns, sample } }: { readonly uploaded: Uploaded }) {
  const rows = sample.map((cells, index) => ({ index: String(index), cells }));
  const shown = columns.map((name, at): Column<(typeof rows)[number]> => {
    return { name, text: ({ cells }) => cells[at] ?? "", isLong: true };
  });
  return <Table caption="First rows" columns={shown} rows={rows} keyOf={({ index }) => index} />;
}

type Refusal = Import["errors"][number];

const REFUSED: readonly Column<Refusal>[] = [
  { name: "Line", text: ({ line }) => String(line), isNumber: true },
  { name: "Why", text: ({ reason }) => reason, isLong: true },
  { name: "Row", text: ({ cells }) => cells.join(", "), isLong: true },
];

function Refused({ path, found }: { readonly path: string; readonly found: Import }) {
  return (
    <section aria-labelledby="refused">
      <h2 id="refused">Refused rows</h2>
      <Table
        caption="Refused rows"
        columns={REFUSED}
        rows={found.errors}
        keyOf={({ line }) => String(line)}
      />
      <p>
        <a href={`${path}/errors`} download>
          Download all {found.refused} as CSV
        </a>
      </p>
    </section>
  );
}

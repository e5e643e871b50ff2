// Imports: upload a CSV, say what its columns mean, try it or import it, watch it, see what was refused.
import { useState } from "preact/hooks";
import { upload } from "../../lib/api.ts";
import { LOOK_EVERY_MS, useEvery } from "../../lib/every.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { sizeWords } from "../../lib/size.ts";
import { may, useMe } from "../../lib/session.ts";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty, Mark, Time } from "../../ui/parts.tsx";
import { Progress } from "../../ui/progress.tsx";
import type { Column } from "../../ui/table.tsx";
import { type Import, isRunning, resultWords, type Uploaded } from "./import.ts";
import { OneImport } from "./one-import.tsx";

const PAGE = 20;

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <Imports /> : <OneImport key={id} id={id} uploaded={told.get(id) ?? null} />;
}

/** What the API tells of an upload once, by id: its first rows, and what its columns seem to mean. */
const told = new Map<string, Uploaded>();

const COLUMNS: readonly Column<Import>[] = [
  {
    name: "Uploaded",
    text: ({ created_at: at }) => at,
    show: ({ id, created_at: at }) => (
      <Link to={{ screen: "imports", id }}>
        <Time at={at} />
      </Link>
    ),
  },
  { name: "Size", text: ({ bytes }) => sizeWords(bytes) },
  { name: "Columns", text: ({ columns }) => columns.join(", "), isLong: true },
  { name: "State", text: ({ state }) => state, show: (one) => <State {...one} /> },
  { name: "Result", text: resultWords, isLong: true },
];

function State(one: Import) {
  if (isRunning(one)) return <Progress label="Import" share={one.progress} />;
  return <Mark word={one.state} />;
}

function Imports() {
  const pages = usePages<Import>("/v1/imports", { limit: PAGE });
  const isWriter = may(useMe(), "imports", "write");
  useEvery(LOOK_EVERY_MS, pages.rows?.some(isRunning) ?? false, pages);
  return (
    <>
      <h1>Imports</h1>
      {isWriter && <Upload />}
      <Listing
        pages={pages}
        caption="Imports"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={
          <Empty title="No import yet">
            {isWriter
              ? "Choose a CSV above. Nothing is imported before you say what its columns mean."
              : "Whoever may import contacts does it here, and you see how it went."}
          </Empty>
        }
      />
    </>
  );
}

function Upload() {
  const { query } = usePlace();
  const [file, setFile] = useState<File | null>(null);
  const send = async (): Promise<void> => {
    if (file === null) return;
    const { data } = await upload<{ data: Uploaded }>("/v1/imports", file, "text/csv");
    told.set(data.id, data);
    go({ screen: "imports", id: data.id, query });
  };
  return (
    <Form
      title="Upload contacts"
      action="Upload"
      busy="Uploading …"
      isMain
      isReady={file !== null}
      run={send}
    >
      <p class="quiet">A CSV in UTF-8 with the names of its columns in the first line.</p>
      <label>
        <span>File</span>
        <input
          type="file"
          accept=".csv,text/csv"
          required
          onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
        />
      </label>
    </Form>
  );
}

// Adds many entries from a CSV: a look at its first lines, then the file as it is, then what became of each row.
import { useState } from "preact/hooks";
import { queryOf, uploadLines } from "../../lib/api.ts";
import { csvOf, save } from "../../lib/csv.ts";
import { SCOPES } from "../../lib/words.ts";
import { SelectField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import { previewOf } from "./suppression.ts";
import { tallied, fileRows, type Line, NOTHING, type Uploaded } from "./uploaded.ts";

/** Lines shown before the file is sent, and the bytes that hold them. */
const PREVIEW_LINES = 5;
const PREVIEW_BYTES = 4_096;

/** Rows between two looks at how far it is: a file of 100,000 is drawn 50 times. */
const SHOWN_EVERY = 2_000;

type Result = { readonly uploaded: Uploaded; readonly lines: readonly Line[] };

type Chosen = { readonly file: File; readonly preview: readonly string[] };

export function Upload({ done }: { readonly done: () => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [scope, setScope] = useState<string>(SCOPES[0]);
  const [result, setResult] = useState<Result | null>(null);
  const choose = async (file: File | undefined): Promise<void> => {
    setResult(null);
    if (!file) return setChosen(null);
    const start = await file.slice(0, PREVIEW_BYTES).text();
    setChosen({ file, preview: previewOf(start, PREVIEW_LINES) });
  };
  const send = async (): Promise<void> => {
    if (chosen === null) return;
    const path = `/v1/suppressions/bulk${queryOf({ scope, results: "rows" })}`;
    const lines: Line[] = [];
    let uploaded = NOTHING;
    await uploadLines<Line>(path, { file: chosen.file, type: "text/csv" }, (line) => {
      lines.push(line);
      uploaded = tallied(uploaded, line);
      if (lines.length % SHOWN_EVERY === 0) setResult({ uploaded, lines });
    });
    setResult({ uploaded, lines });
    setChosen(null);
    if (uploaded.added > 0) done();
  };
  return (
    <Form
      title="Upload many"
      action="Upload"
      busy="Uploading …"
      isReady={chosen !== null}
      run={send}
    >
      <p class="quiet">
        A CSV with an address, @domain or MD5 in each line; with a header, the columns entry, scope
        and reason are read. At most 100,000 lines.
      </p>
      <label>
        <span>File</span>
        <input
          type="file"
          accept=".csv,.txt,text/csv,text/plain"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </label>
      <SelectField
        label="For rows that name no scope"
        value={scope}
        options={SCOPES}
        set={setScope}
      />
      {chosen && (
        <figure>
          <figcaption class="quiet">The first lines of {chosen.file.name}</figcaption>
          <pre class="scroll">{chosen.preview.join("\n")}</pre>
        </figure>
      )}
      {result && <Became {...result} />}
    </Form>
  );
}

function Became({ uploaded, lines }: Result) {
  const { added, there, refused, errors, failure } = uploaded;
  const keep = (): void => save("suppression-upload.csv", csvOf(fileRows(lines)), "text/csv");
  return (
    <div role="status">
      <p>
        {added + there + refused} rows: {added} added, {there} there already, {refused} refused.
      </p>
      {failure !== null && <Failure error={new Error(failure)} />}
      {errors.length > 0 && (
        <ul>
          {errors.map((words) => (
            <li key={words}>{words}</li>
          ))}
          {refused > errors.length && <li>and {refused - errors.length} more</li>}
        </ul>
      )}
      <button type="button" class="small" onClick={keep}>
        Download what became of each row
      </button>
    </div>
  );
}

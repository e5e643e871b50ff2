// Adds many entries from a CSV: a look at its first lines, then the file as it is, then what became of its rows.
import { useState } from "preact/hooks";
import { queryOf, upload } from "../../lib/api.ts";
import { SCOPES } from "../../lib/words.ts";
import { SelectField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { previewOf, type Uploaded } from "./suppression.ts";

/** Lines shown before the file is sent, and the bytes that hold them. */
const PREVIEW_LINES = 5;
const PREVIEW_BYTES = 4_096;

type Chosen = { readonly file: File; readonly preview: readonly string[] };

export function Upload({ done }: { readonly done: () => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [scope, setScope] = useState<string>(SCOPES[0]);
  const [result, setResult] = useState<Uploaded | null>(null);
  const choose = async (file: File | undefined): Promise<void> => {
    setResult(null);
    if (!file) return setChosen(null);
    const start = await file.slice(0, PREVIEW_BYTES).text();
    setChosen({ file, preview: previewOf(start, PREVIEW_LINES) });
  };
  const send = async (): Promise<void> => {
    if (chosen === null) return;
    const path = `/v1/suppressions/bulk${queryOf({ scope })}`;
    const { data } = await upload<{ data: Uploaded }>(path, chosen.file, "text/csv");
    setResult(data);
    setChosen(null);
    if (data.accepted > 0) done();
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
      {result && <Result {...result} />}
    </Form>
  );
}

function Result({
  rows,
  accepted,
  already_there: there,
  refused,
  errors,
  errors_left_out: more,
}: Uploaded) {
  return (
    <div role="status">
      <p>
        {rows} rows: {accepted} added, {there} there already, {refused} refused.
      </p>
      {errors.length > 0 && (
        <ul>
          {errors.map(({ line, reason }, index) => (
            <li key={index}>
              Line {line}: {reason}
            </li>
          ))}
          {more > 0 && <li>and {more} more</li>}
        </ul>
      )}
    </div>
  );
}

// Adds many entries from a CSV: a look at its first lines, then the file as it is, then what became of its rows.
import { useState } from "preact/hooks";
import { queryOf, upload } from "../../lib/api.ts";
import { Failure } from "../../ui/parts.tsx";
import { previewOf, SCOPES, type Uploaded } from "./suppression.ts";

/** Lines shown before the file is sent, and the bytes that hold them. */
const PREVIEW_LINES = 5;
const PREVIEW_BYTES = 4_096;

type Chosen = { readonly file: File; readonly preview: readonly string[] };

export function Upload({ done }: { readonly done: () => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [scope, setScope] = useState<string>(SCOPES[0]);
  const [result, setResult] = useState<Uploaded | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const choose = async (file: File | undefined): Promise<void> => {
    setResult(null);
    setError(null);
    if (!file) return setChosen(null);
    const start = await file.slice(0, PREVIEW_BYTES).text();
    setChosen({ file, preview: previewOf(start, PREVIEW_LINES) });
  };
  const send = async ({ file }: Chosen): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const path = `/v1/suppressions/bulk${queryOf({ scope })}`;
      const { data } = await upload<{ data: Uploaded }>(path, file, "text/csv");
      setResult(data);
      setChosen(null);
      if (data.accepted > 0) done();
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="upload-suppressions"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) void send(chosen);
      }}
    >
      <h2 id="upload-suppressions">Upload many</h2>
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
      <label>
        <span>For rows that name no scope</span>
        <select value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
          {SCOPES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {chosen && (
        <figure>
          <figcaption class="quiet">The first lines of {chosen.file.name}</figcaption>
          <pre class="scroll">{chosen.preview.join("\n")}</pre>
        </figure>
      )}
      {error !== null && <Failure error={error} />}
      {result && <Result {...result} />}
      <div class="row">
        <button type="submit" disabled={!chosen || isBusy}>
          {isBusy ? "Uploading …" : "Upload"}
        </button>
      </div>
    </form>
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

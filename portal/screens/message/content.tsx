// What was sent to one recipient, read from the exact MIME: HTML in a sandboxed frame, text, AMP, headers, source, files.
import type { Attachment, Email } from "postal-mime";
import { useState } from "preact/hooks";
import { ApiError, getBytes } from "../../lib/api.ts";
import { save } from "../../lib/csv.ts";
import { useLoad } from "../../lib/load.ts";
import { sizeWords } from "../../lib/size.ts";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { framePage } from "./frame.ts";

type Read = { readonly raw: Uint8Array<ArrayBuffer>; readonly email: Email };
type View = "HTML" | "Text" | "AMP" | "Headers" | "Source" | "Attachments";

/** As much of the source as a page shows without getting slow; the download has all. */
const MAX_SOURCE = 200_000;

const AMP_TYPE = "text/x-amp-html";

export function Content({ id, index }: { readonly id: string; readonly index: number }) {
  const { data, error, again } = useLoad(() => read(id, index), `${id} ${index}`);
  return (
    <section aria-labelledby="content-title">
      <h2 id="content-title">Content</h2>
      {error !== null && (isGone(error) ? <Gone /> : <Failure error={error} again={again} />)}
      {error === null && data === null && <Waiting />}
      {data && <Views id={id} read={data} />}
    </section>
  );
}

async function read(id: string, index: number): Promise<Read> {
  const [raw, { default: PostalMime }] = await Promise.all([
    getBytes(`/v1/messages/${encodeURIComponent(id)}/raw`, { index }),
    import("postal-mime"),
  ]);
  return { raw, email: await PostalMime.parse(raw) };
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 410);
}

function Gone() {
  return (
    <p class="quiet">
      The content is no longer kept. How long it is: the account's content retention.
    </p>
  );
}

function Views({ id, read: { raw, email } }: { readonly id: string; readonly read: Read }) {
  const amp = email.attachments.find(({ mimeType }) => mimeType === AMP_TYPE);
  const files = email.attachments.filter((file) => file !== amp);
  const views: View[] = ["Headers", "Source"];
  if (files.length > 0) views.push("Attachments");
  if (amp) views.unshift("AMP");
  if (email.text) views.unshift("Text");
  if (email.html) views.unshift("HTML");
  const [view, setView] = useState<View>(views[0] ?? "Source");
  return (
    <>
      <div class="row" role="group" aria-label="Parts">
        {views.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === view}
            onClick={() => setView(name)}
          >
            {name}
          </button>
        ))}
        <button type="button" onClick={() => save(`${id}.eml`, raw, "message/rfc822")}>
          Download
        </button>
      </div>
      {view === "HTML" && <Html html={email.html ?? ""} />}
      {view === "Text" && <Source text={email.text ?? ""} />}
      {view === "AMP" && amp && <Source text={new TextDecoder().decode(bytesOf(amp))} />}
      {view === "Headers" && (
        <Source
          text={email.headers
            .map(({ originalKey, value }) => `${originalKey}: ${value}`)
            .join("\n")}
        />
      )}
      {view === "Source" && <Raw raw={raw} />}
      {view === "Attachments" && <Files files={files} />}
    </>
  );
}

function Html({ html }: { readonly html: string }) {
  const [withImages, setWithImages] = useState(false);
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={withImages}
          onChange={(event) => setWithImages(event.currentTarget.checked)}
        />
        <span>Load images from elsewhere; this may count as an open</span>
      </label>
      <iframe title="The message as HTML" sandbox="" srcdoc={framePage(html, { withImages })} />
    </>
  );
}

function Raw({ raw }: { readonly raw: Uint8Array }) {
  return (
    <>
      {raw.length > MAX_SOURCE && (
        <p class="quiet">
          The first {sizeWords(MAX_SOURCE)} of {sizeWords(raw.length)}; the download has all.
        </p>
      )}
      <Source text={new TextDecoder().decode(raw.subarray(0, MAX_SOURCE))} />
    </>
  );
}

function Source({ text }: { readonly text: string }) {
  return <pre tabIndex={0}>{text}</pre>;
}

function Files({ files }: { readonly files: readonly Attachment[] }) {
  return (
    <ul class="files">
      {files.map((file, index) => (
        <li key={index}>
          <span>
            {file.filename ?? "without a name"} <span class="quiet">{file.mimeType}</span>
          </span>
          <button
            type="button"
            class="small"
            // Never by its own type: a browser must not show a stranger's page as ours.
            onClick={() =>
              save(file.filename ?? "attachment", bytesOf(file), "application/octet-stream")
            }
          >
            Download
          </button>
        </li>
      ))}
    </ul>
  );
}

function bytesOf({ content }: Attachment): Uint8Array<ArrayBuffer> {
  if (typeof content === "string") return new TextEncoder().encode(content);
  return new Uint8Array(content);
}

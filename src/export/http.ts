// The link of a finished export: whoever has it gets the file, streamed from R2, until it expires. The link
// is signed and needs no API key; that is why it is nobody's to keep, index or pass on.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { TABLE_TYPES } from "../lib/table.ts";
import { type Export, exportFileName } from "../model/export.ts";
import { LINK_PATHS } from "../model/link.ts";
import { findExport } from "../store/export.ts";

/** The platform's hiccups are short. */
const RETRY_SECONDS = "5";

const COMMON = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Robots-Tag": "noindex",
  "X-Content-Type-Options": "nosniff",
};

/** Answers a request to the link of an export; null when the path is none. */
export async function answerFile(app: App, request: Request): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith(LINK_PATHS.export)) return null;
  const link = await app.fileLinks.read(pathname.slice(LINK_PATHS.export.length));
  if (!link) return plain(404, "This link is not one of ours, or was changed.");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "This link answers GET and HEAD.", { Allow: "GET, HEAD" });
  }
  try {
    return await file(app, link.exportId, request.method);
  } catch (error) {
    app.log("error", "file_failed", { export: link.exportId, reason: reasonOf(error) });
    const again = { "Retry-After": RETRY_SECONDS };
    return plain(503, "Storage did not answer; try again.", again);
  }
}

async function file(app: App, exportId: string, method: "GET" | "HEAD"): Promise<Response> {
  const one = await findExport(app.db, exportId, app.now());
  if (one?.state !== "done" || one.objectKey === null) return gone();
  if (method === "HEAD") {
    const object = await app.blobs.head(one.objectKey);
    return object ? new Response(null, { headers: headersOf(one, object) }) : gone();
  }
  const object = await app.blobs.get(one.objectKey);
  return object ? new Response(object.body, { headers: headersOf(one, object) }) : gone();
}

function headersOf(one: Export, { size }: R2Object): HeadersInit {
  return {
    ...COMMON,
    "Content-Type": TABLE_TYPES[one.format],
    "Content-Length": String(size),
    "Content-Disposition": `attachment; filename="${exportFileName(one)}"`,
  };
}

/** A link that was signed was good once. */
function gone(): Response {
  return plain(410, "This export has expired or was deleted; order it again.");
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
  const type = { "Content-Type": "text/plain; charset=utf-8" };
  return new Response(`${text}\n`, { status, headers: { ...COMMON, ...type, ...headers } });
}

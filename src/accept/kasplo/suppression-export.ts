// /v1/suppressions/export: every entry as CSV or NDJSON, read page by page while it is sent.
import * as z from "zod";
import type { App } from "../../app.ts";
import { reasonOf } from "../../lib/log.ts";
import { ok } from "../../lib/result.ts";
import { TABLE_TYPES, type TableWriter, tableWriter } from "../../lib/table.ts";
import type { Suppression, SuppressionScope } from "../../model/suppression.ts";
import { twice } from "../../store/db.ts";
import { listSuppressions, type SuppressionPlace } from "../../store/suppression.ts";
import { endpoint } from "../endpoint.ts";
import { scopeField, suppressionShape } from "./suppression-fields.ts";

/** Entries read from D1 at once by an export. */
const EXPORT_ROWS = 1_000;

const exportList = endpoint({
  method: "GET",
  path: "/suppressions/export",
  summary: "Export every entry as CSV or NDJSON",
  scope: "read",
  request: {
    query: z.object({
      format: z.enum(["csv", "ndjson"], "must be csv or ndjson").default("csv"),
      scope: scopeField.optional(),
    }),
  },
  response: { 200: { type: "text/csv" } },
  async handle(app, { query }) {
    const headers = {
      "Content-Type": TABLE_TYPES[query.format],
      "Content-Disposition": `attachment; filename="suppressions.${query.format}"`,
      "X-Content-Type-Options": "nosniff",
    };
    const writer = tableWriter(query.format, suppressionShape);
    const bytes = exported(app, query.scope ?? null, writer);
    return ok({ status: 200, bytes, headers });
  },
});

/** The export of /v1/suppressions. */
export const suppressionExportEndpoints = [exportList];

/** The export as a stream that holds one page; it breaks off when D1 fails, so that nobody takes it for whole. */
function exported(
  app: App,
  scope: SuppressionScope | null,
  writer: TableWriter<Suppression>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let after: SuppressionPlace | null = null;
  let ended = false;
  let written = 0;

  /** The next page that is not empty as text, "" at the end. */
  async function nextText(): Promise<string> {
    while (!ended) {
      const ask = { after, scope, prefix: "", limit: EXPORT_ROWS };
      const { suppressions, next } = await twice(() => listSuppressions(app.db, ask));
      after = next;
      ended = next === null;
      const text = suppressions.map((one) => writer.record(one, written++)).join("");
      if (text !== "") return text;
    }
    return "";
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (writer.head !== "") controller.enqueue(encoder.encode(writer.head));
    },
    async pull(controller) {
      try {
        const text = await nextText();
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (ended) controller.close();
      } catch (error) {
        app.log("error", "export_failed", { reason: reasonOf(error) });
        controller.error(error);
      }
    },
  });
}

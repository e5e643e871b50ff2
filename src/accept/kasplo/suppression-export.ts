// /v1/suppressions/export: every entry as CSV or NDJSON, read page by page while it is sent.
import * as z from "zod";
import type { App } from "../../app.ts";
import { csvLine } from "../../lib/csv.ts";
import { reasonOf } from "../../lib/log.ts";
import { ok } from "../../lib/result.ts";
import type { Suppression, SuppressionScope } from "../../model/suppression.ts";
import { twice } from "../../store/db.ts";
import { listSuppressions, type SuppressionPlace } from "../../store/suppression.ts";
import { endpoint } from "../endpoint.ts";
import { iso } from "./native.ts";
import { scopeField, shown } from "./suppression-fields.ts";

/** Entries read from D1 at once by an export. */
const EXPORT_ROWS = 1_000;

const EXPORTED = ["entry", "scope", "reason", "message_id", "added_by", "created_at"];

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
  async handle(app, { query }) {
    const csv = query.format === "csv";
    const headers = {
      "Content-Type": csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
      "Content-Disposition": `attachment; filename="suppressions.${query.format}"`,
      "X-Content-Type-Options": "nosniff",
    };
    const written = csv ? exportedCsv : (one: Suppression) => `${JSON.stringify(shown(one))}\n`;
    const head = csv ? csvLine(EXPORTED) : "";
    const bytes = exported(app, { scope: query.scope ?? null, head, written });
    return ok({ status: 200, bytes, headers });
  },
});

/** The export of /v1/suppressions. */
export const suppressionExportEndpoints = [exportList];

function exportedCsv({ entry, scope, reason, messageId, keyId, createdAt }: Suppression): string {
  return csvLine([entry, scope, reason, messageId ?? "", keyId ?? "", iso(createdAt)]);
}

/** The export as a stream that holds one page; it breaks off when D1 fails, so that nobody takes it for whole. */
function exported(
  app: App,
  list: {
    readonly scope: SuppressionScope | null;
    readonly head: string;
    readonly written: (suppression: Suppression) => string;
  },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let after: SuppressionPlace | null = null;
  let ended = false;

  /** The next page that is not empty as text, "" at the end. */
  async function nextText(): Promise<string> {
    while (!ended) {
      const ask = { after, scope: list.scope, prefix: "", limit: EXPORT_ROWS };
      const { suppressions, next } = await twice(() => listSuppressions(app.db, ask));
      after = next;
      ended = next === null;
      if (suppressions.length > 0) return suppressions.map(list.written).join("");
    }
    return "";
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (list.head !== "") controller.enqueue(encoder.encode(list.head));
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

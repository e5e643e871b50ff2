// How /v1 shows imports, and the file of what they refused.
import * as z from "zod";
import type { App } from "../../app.ts";
import { csvLine } from "../../lib/csv.ts";
import { type Import, IMPORT_STATES, progressOf } from "../../model/import.ts";
import { readErrors } from "../../store/import.ts";
import type { Answer } from "../endpoint.ts";
import { mappingOf } from "./import-columns.ts";
import { iso } from "./native.ts";

const seenError = z.object({
  line: z.number(),
  reason: z.string(),
  cells: z.array(z.string()),
});

/** What answers say of an import. */
export const seenImport = z.object({
  id: z.string(),
  state: z.enum(IMPORT_STATES),
  bytes: z.number(),
  columns: z.array(z.string()).describe("The names in the first line of the file"),
  list_id: z.number().nullable(),
  mapping: z.record(z.string(), z.string().nullable()).nullable(),
  update_contacts: z.boolean().nullable(),
  progress: z.number().describe("0 to 1 of the file"),
  rows: z.number(),
  added: z.number().describe("Contacts that did not exist"),
  existing: z.number().describe("Contacts that existed"),
  refused: z.number(),
  errors: z.array(seenError).describe("The first 20 refused rows"),
  error: z.string().nullable().describe("Why it failed"),
  created_by: z.string(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
  expires_at: z.string(),
});

/** An import as answers show it. */
export function shownImport(found: Import) {
  const { settings, counts } = found;
  return {
    id: found.id,
    state: found.state,
    bytes: found.bytes,
    columns: found.header,
    list_id: settings?.listId ?? null,
    mapping: settings && mappingOf(found.header, settings.columns),
    update_contacts: settings?.updateContacts ?? null,
    progress: progressOf(found),
    ...counts,
    errors: found.errors,
    error: found.error,
    created_by: found.keyId,
    created_at: iso(found.createdAt),
    finished_at: iso(found.finishedAt),
    expires_at: iso(found.expiresAt),
  };
}

/** The refused rows as a file, read from D1 as it is fetched. */
export function errorFile(app: App, found: Import): Answer {
  const encoder = new TextEncoder();
  let after = 0;
  let begun = false;
  const bytes = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!begun) controller.enqueue(encoder.encode(csvLine(["line", "reason", ...found.header])));
      begun = true;
      const { errors: some, next } = await readErrors(app.db, found.id, after);
      const lines = some.map(({ line, reason, cells }) =>
        csvLine([String(line), reason, ...cells]),
      );
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join("")));
      if (next === null) controller.close();
      else after = next;
    },
  });
  const headers = {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": `attachment; filename="import-errors.csv"`,
    "X-Content-Type-Options": "nosniff",
  };
  return { status: 200, bytes, headers };
}

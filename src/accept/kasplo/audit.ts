// /v1/audit: who changed what, newest first, and whether anybody meddled with it.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { type ChainedEntry, firstBroken } from "../../model/audit.ts";
import { auditAfter, listAudit } from "../../store/audit.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, limitParameter, one, page, pageOf } from "./native.ts";

const positionParameter = z.coerce
  .number("must be the next_cursor of an earlier answer")
  .int("must be the next_cursor of an earlier answer")
  .min(1, "must be the next_cursor of an earlier answer");

const entryView = z.object({
  position: z.int(),
  at: isoTime,
  kind: z.enum(["asked", "refused", "domain_state", "dkim_rotated"]),
  key_id: z.string().nullable(),
  ip: z.string(),
  operation: z.string(),
  target: z.string(),
  body_sha256: z.string(),
  request_id: z.string(),
  detail: z.string(),
  previous: z.string(),
  hash: z.string(),
});

const checkView = z.object({
  intact: z.boolean(),
  first_broken: z.int().nullable(),
  checked: z.int(),
  next_cursor: z.string().nullable(),
});

const list = endpoint({
  method: "GET",
  path: "/audit",
  summary: "List changes of settings, newest first",
  scope: "manage",
  request: { query: z.object({ limit: limitParameter, cursor: positionParameter.optional() }) },
  response: { 200: pageOf(entryView) },
  async handle(app, { query: { limit, cursor } }) {
    const before = cursor ?? null;
    const entries = await listAudit(app.db, { before, limit: limit + 1 });
    const shownEntries = entries.slice(0, limit);
    const next = entries.length > limit ? (shownEntries.at(-1)?.position ?? null) : null;
    return ok(page(shownEntries.map(shown), next === null ? null : String(next)));
  },
});

/** Entries that one check walks: a fraction of a second. */
const CHECKED = 1_000;

const check = endpoint({
  method: "GET",
  path: "/audit/check",
  summary: "Check that no entry was changed, removed or put in between",
  scope: "manage",
  request: { query: z.object({ cursor: positionParameter.optional() }) },
  response: { 200: dataOf(checkView) },
  async handle(app, { query }) {
    const after = query.cursor ?? 0;
    const walked = await auditAfter(app.db, Math.max(0, after - 1), CHECKED + 1);
    const before = after === 0 ? null : (walked[0] ?? null);
    const entries = (after === 0 ? walked : walked.slice(1)).slice(0, CHECKED);
    const broken = await firstBroken(entries, before);
    const last = entries.at(-1)?.position ?? after;
    const more = broken === null && entries.length === CHECKED;
    return ok(
      one({
        intact: broken === null,
        first_broken: broken,
        checked: entries.length,
        next_cursor: more ? String(last) : null,
      }),
    );
  },
});

/** The operations on the audit log. */
export const auditEndpoints = [list, check];

function shown(entry: ChainedEntry) {
  return {
    position: entry.position,
    at: iso(entry.at),
    kind: entry.kind,
    key_id: entry.keyId,
    ip: entry.ip,
    operation: entry.operation,
    target: entry.target,
    body_sha256: entry.bodyHash,
    request_id: entry.requestId,
    detail: entry.detail,
    previous: entry.previous,
    hash: entry.hash,
  };
}

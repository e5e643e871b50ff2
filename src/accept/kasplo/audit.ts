// /v1/audit: who changed what, newest first, and whether anybody meddled with it.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { AUDIT_KINDS, type ChainedEntry, firstBroken } from "../../model/audit.ts";
import { auditAfter, searchAudit } from "../../store/audit.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, limitParameter, one, page, pageOf } from "./native.ts";

/** Ids of keys and users, and `gateway` with its name, are shorter. */
const MAX_ID_LENGTH = 100;

const positionParameter = z.coerce
  .number("must be the next_cursor of an earlier answer")
  .int("must be the next_cursor of an earlier answer")
  .min(1, "must be the next_cursor of an earlier answer");

const filters = {
  key_id: z.string().max(MAX_ID_LENGTH).optional(),
  kind: z.enum(AUDIT_KINDS, `must be one of ${AUDIT_KINDS.join(", ")}`).optional(),
  resource: z
    .string()
    .regex(/^[a-z-]{1,40}$/, "must be the first word of a path, such as users")
    .optional(),
};

const entryView = z.object({
  position: z.int(),
  at: isoTime,
  kind: z.enum(AUDIT_KINDS),
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
  description:
    "Filters: `key_id` (who asked: an API key or a user), `kind`, `resource` (first word of the path). A page looks at 5,000 entries and may hold fewer than `limit`, or none: `next_cursor` leads on.",
  request: {
    query: z.object({ ...filters, limit: limitParameter, cursor: positionParameter.optional() }),
  },
  response: { 200: pageOf(entryView) },
  async handle(app, { query: { key_id: keyId, kind, resource, limit, cursor } }) {
    const { entries, next } = await searchAudit(
      app.db,
      { keyId: keyId ?? null, kind: kind ?? null, resource: resource ?? null },
      { before: cursor ?? null, limit },
    );
    return ok(page(entries.map(shown), next === null ? null : String(next)));
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

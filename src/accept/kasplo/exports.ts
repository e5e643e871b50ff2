// /v1/exports: order a file of events, messages, statistics, suppressions or contacts, see how far it is, fetch it by
// its link, cancel it (D-20, F-103, F-184). It is made by export/work.ts.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { TABLE_FORMATS } from "../../lib/table.ts";
import { DELIVERY_STATES } from "../../model/delivery.ts";
import { EVENT_NAMES } from "../../model/event.ts";
import {
  type Export,
  EXPORT_KINDS,
  EXPORT_LIFE_MS,
  EXPORT_STATES,
  type ExportFilters,
  type ExportKind,
  isClassed,
  MAX_LIVING_EXPORTS,
  MAX_RANGE_DAYS,
  MAX_RANGE_MS,
  progressOf,
  STATISTICS_BY,
} from "../../model/export.ts";
import { MAIL_CLASSES, type MailClass } from "../../model/message.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { fieldsOfList } from "../../store/custom-field.ts";
import { twice } from "../../store/db.ts";
import { cancelExport, findExport, insertExport, listExports } from "../../store/export.ts";
import { removeLeftovers } from "../../store/export-file.ts";
import { findList } from "../../store/list.ts";
import { endpoint } from "../endpoint.ts";
import { kindRefusal, sightOf } from "./export-sight.ts";
import {
  dataOf,
  iso,
  isoTime,
  limitParameter,
  maybeTime,
  one,
  page,
  pageOf,
  timeParameter,
  uuidCursor,
} from "./native.ts";
import { scopeField } from "./suppression-fields.ts";

function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, `must be one of ${names.join(", ")}`);
}

/** A time as parameters take it, or epoch milliseconds as a number. */
const timeField = z
  .union([z.string(), z.number().transform(String)], "must be ISO 8601 or epoch milliseconds")
  .pipe(timeParameter);

const newExport = z.object({
  kind: oneOf(EXPORT_KINDS),
  format: oneOf(TABLE_FORMATS),
  from: timeField.optional(),
  to: timeField.optional(),
  events: z.array(oneOf(EVENT_NAMES), "must be a list").min(1, "must name one event").optional(),
  state: oneOf(DELIVERY_STATES).optional(),
  mail_class: oneOf(MAIL_CLASSES).optional(),
  scope: scopeField.optional(),
  interval: oneOf(["hour", "day"]).optional(),
  by: oneOf(STATISTICS_BY).optional(),
  list: z.string("must be the id, list_id or name of a list").optional(),
});
type NewExport = z.output<typeof newExport>;

const exportView = z.object({
  id: z.string(),
  kind: z.enum(EXPORT_KINDS),
  format: z.enum(TABLE_FORMATS),
  from: isoTime,
  to: isoTime,
  filters: z.record(z.string(), z.unknown()),
  state: z.enum(EXPORT_STATES).exclude(["closing"]),
  rows: z.int(),
  /** 0…1, or null where nobody knows. */
  progress: z.number().nullable(),
  reached: z.string().nullable(),
  size: z.int().nullable(),
  link: z.string().nullable(),
  error: z.string().nullable(),
  created_by: z.string(),
  created_at: isoTime,
  finished_at: maybeTime,
  expires_at: isoTime,
});

const create = endpoint({
  method: "POST",
  path: "/exports",
  summary: "Order a file of events, messages, statistics, suppressions or contacts in a time range",
  scope: "read",
  request: { body: newExport },
  response: { 202: dataOf(exportView) },
  problems: ["conflict"],
  async handle(app, { body, key, session, origin }) {
    const now = app.now();
    const reason = kindRefusal(session, body.kind);
    if (reason !== null) return fail({ kind: "not_permitted", reason });
    const filters = await filtersOf(app, body, key.mailClass);
    if (!filters.ok) return filters;
    const range = rangeOf(body, now);
    if (!range.ok) return range;
    const { kind, format } = body;
    const asked = { kind, format, filters: filters.value, ...range.value };
    const order = { id: app.newId(), keyId: key.id, createdAt: now, ...asked };
    const ordered = await twice(() => insertExport(app.db, order, now + EXPORT_LIFE_MS));
    if (!ordered) return fail(tooMany);
    app.background("wake_exports_failed", app.wake.background("exports"));
    return ok(one(await view(app, ordered, origin), 202));
  },
});

const list = endpoint({
  method: "GET",
  path: "/exports",
  summary: "List exports, newest first",
  scope: "read",
  request: {
    query: z.object({
      limit: limitParameter,
      cursor: uuidCursor,
    }),
  },
  response: { 200: pageOf(exportView) },
  async handle(app, { query, key, session, origin }) {
    const ask = { before: query.cursor ?? null, limit: query.limit, now: app.now() };
    const { exports, next } = await listExports(app.db, ask, sightOf(key, session));
    return ok(page(await Promise.all(exports.map((found) => view(app, found, origin))), next));
  },
});

const byId = z.object({ id: z.string() });

const get = endpoint({
  method: "GET",
  path: "/exports/:id",
  summary: "See how far an export is, and where its file is",
  scope: "read",
  request: { params: byId },
  response: { 200: dataOf(exportView) },
  async handle(app, { params, key, session, origin }) {
    const found = await findExport(app.db, params.id, app.now(), sightOf(key, session));
    return found ? ok(one(await view(app, found, origin))) : fail(notFound);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/exports/:id",
  summary: "Cancel an export, or delete its file",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params, key, session }) {
    const now = app.now();
    if (!(await findExport(app.db, params.id, now, sightOf(key, session)))) return fail(notFound);
    if (!(await cancelExport(app.db, params.id, now))) return fail(notFound);
    // It is gone for everybody; what R2 does not delete now, the sweeper will.
    app.background("remove_export_failed", removeLeftovers(app, now));
    return ok({ status: 204, bytes: null });
  },
});

/** The operations of /v1/exports. */
export const exportEndpoints = [create, list, get, remove];

const notFound: Problem = { kind: "not_found", what: "this export" };

const tooMany: Problem = {
  kind: "conflict",
  reason: `there are ${MAX_LIVING_EXPORTS} exports; delete one, or wait until one expires`,
};

/** Which filters mean something for a kind. */
const FILTERS = {
  events: ["events", "state", "mail_class"],
  messages: ["state", "mail_class"],
  statistics: ["interval", "by", "mail_class"],
  suppressions: ["scope"],
  contacts: ["list"],
} as const satisfies Readonly<Record<ExportKind, readonly (typeof FILTER_NAMES)[number][]>>;

const FILTER_NAMES = ["events", "state", "mail_class", "scope", "interval", "by", "list"] as const;

/** The filters of an order; of somebody who is bound to one mail class, that one always. */
async function filtersOf(
  app: App,
  body: NewExport,
  bound: MailClass | null,
): Promise<Result<ExportFilters, Problem>> {
  const { kind, events = null, state = null, scope = null, interval = null, by = null } = body;
  const mine: readonly string[] = FILTERS[kind];
  const wrong = FILTER_NAMES.find((name) => body[name] !== undefined && !mine.includes(name));
  if (wrong) return fail(invalidField(wrong, `does not apply to ${kind}; leave it out`));
  const mailClass = isClassed(kind) ? (bound ?? body.mail_class ?? null) : null;
  const filters = { events, state, mailClass, scope, interval, by, list: null, columns: null };
  if (kind === "contacts") return contactFilters(app, filters, body.list);
  if (kind !== "statistics") return ok(filters);
  return ok({ ...filters, interval: interval ?? "hour", by: by ?? "domain_group" });
}

/** The list is looked up and the columns are chosen when the export is ordered. */
async function contactFilters(
  app: App,
  filters: ExportFilters,
  listName: string | undefined,
): Promise<Result<ExportFilters, Problem>> {
  const list = listName === undefined ? null : await findList(app.db, listName);
  if (listName !== undefined && !list) {
    return fail(invalidField("list", "names no list; give its id, list_id or name"));
  }
  const fields = await fieldsOfList(app.db, list?.id ?? null);
  const columns = fields.map(({ id, name }) => ({ id, name }));
  return ok({ ...filters, list: list && { id: list.id, name: list.name }, columns });
}

/** From the earliest that is allowed until now, unless asked otherwise; what is not yet ends now. */
function rangeOf(
  { kind, ...asked }: NewExport,
  now: number,
): Result<{ from: number; to: number; untilNow: boolean }, Problem> {
  const to = Math.min(asked.to ?? now, now);
  const bounded = kind !== "suppressions" && kind !== "contacts";
  const from = asked.from ?? (bounded ? Math.max(0, to - MAX_RANGE_MS) : 0);
  if (from > to) {
    return fail(invalidField("from", "must not be in the future, and not later than to"));
  }
  if (bounded && to - from > MAX_RANGE_MS) {
    const reason = `must be at most ${MAX_RANGE_DAYS} days before to; order several exports`;
    return fail(invalidField("from", reason));
  }
  return ok({ from, to, untilNow: to === now });
}

function filterOf({ filters }: Export, name: (typeof FILTER_NAMES)[number]) {
  return name === "mail_class" ? (filters.mailClass ?? null) : filters[name];
}

async function view(app: App, found: Export, origin: string) {
  const { share, reached } = progressOf(found);
  const done = found.state === "done";
  const path = done ? await app.fileLinks.pathOf({ kind: "export", exportId: found.id }) : null;
  return {
    id: found.id,
    kind: found.kind,
    format: found.format,
    from: iso(found.from),
    to: iso(found.to),
    filters: Object.fromEntries(FILTERS[found.kind].map((name) => [name, filterOf(found, name)])),
    state: found.state === "closing" ? "running" : found.state,
    rows: found.rows,
    progress: share,
    reached: typeof reached === "number" ? iso(reached) : reached,
    size: found.bytes,
    link: path && (app.config.publicUrl ?? origin) + path,
    error: found.error,
    created_by: found.keyId,
    created_at: iso(found.createdAt),
    finished_at: iso(found.finishedAt),
    expires_at: iso(found.expiresAt),
  };
}

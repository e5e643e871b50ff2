// /v1/suppressions: which addresses are not written to, why, and since when; add, look up, remove
// (decision 16). Lists in and out are in suppression-upload.ts and suppression-export.ts.
import * as z from "zod";
import { fail, ok, type Result } from "../../lib/result.ts";
import { addressKey } from "../../model/address.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  byPrecedence,
  entriesThatStop,
  entryType,
  parseEntry,
  SUPPRESSION_SCOPES,
} from "../../model/suppression.ts";
import {
  findSuppressions,
  insertSuppression,
  listSuppressions,
  removeSuppressions,
  suppressionChanges,
  type SuppressionPlace,
} from "../../store/suppression.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, limitParameter, one, page, pageOf } from "./native.ts";
import {
  changeView,
  entryFields,
  reasonField,
  requestedEntry,
  scopeField,
  shown,
  shownChange,
  suppressionView,
} from "./suppression-fields.ts";

const add = endpoint({
  method: "POST",
  path: "/suppressions",
  summary: "Stop mail to an address, a domain or the address with this MD5",
  scope: "manage",
  request: { body: entryFields },
  response: { 200: dataOf(suppressionView), 201: dataOf(suppressionView) },
  async handle(app, { body, key }) {
    const asked = requestedEntry(body, { scope: "global", reason: "" });
    if (!asked.ok) return fail(invalidField(asked.error.path, asked.error.reason));
    const by = { keyId: key.id, now: app.now() };
    const { suppression, added } = await insertSuppression(app.db, asked.value, by);
    return ok(one(shown(suppression), added ? 201 : 200));
  },
});

/** A cursor is the scope and the entry that ended the page: `bounce:ann@example.com`. */
const cursorParameter = z.string().transform((text, context): SuppressionPlace => {
  const scope = SUPPRESSION_SCOPES.find((name) => text.startsWith(`${name}:`));
  if (scope) return { scope, entry: text.slice(scope.length + 1) };
  context.addIssue("must be the next_cursor of an earlier answer");
  return z.NEVER;
});

const list = endpoint({
  method: "GET",
  path: "/suppressions",
  summary: "List what stops mail, in the order of the entries' text",
  scope: "read",
  request: {
    query: z.object({
      scope: scopeField.optional(),
      query: z.string().optional(),
      limit: limitParameter,
      cursor: cursorParameter.optional(),
    }),
  },
  response: { 200: pageOf(suppressionView) },
  async handle(app, { query }) {
    const { suppressions, next } = await listSuppressions(app.db, {
      after: query.cursor ?? null,
      scope: query.scope ?? null,
      prefix: addressKey(query.query ?? ""),
      limit: query.limit,
    });
    return ok(page(suppressions.map(shown), next && `${next.scope}:${next.entry}`));
  },
});

const byEntry = z.object({ entry: z.string() });

const get = endpoint({
  method: "GET",
  path: "/suppressions/:entry",
  summary: "Look up an address with every entry that stops it, the one that decides first",
  scope: "read",
  request: { params: byEntry },
  response: {
    200: dataOf(suppressionView.extend({ asked: z.string(), entries: z.array(suppressionView) })),
  },
  async handle(app, { params }) {
    const entry = entryOf(params.entry);
    if (!entry.ok) return entry;
    const entries = await standing(app.db, entry.value);
    const [first] = entries;
    if (!first) return fail(notFound);
    return ok(one({ ...first, asked: entry.value, entries }));
  },
});

const changes = endpoint({
  method: "GET",
  path: "/suppressions/:entry/changes",
  summary: "Tell who removed an entry, when and why, and how it had come",
  scope: "read",
  request: { params: byEntry },
  response: { 200: pageOf(changeView) },
  async handle(app, { params }) {
    const entry = entryOf(params.entry);
    if (!entry.ok) return entry;
    const found = await suppressionChanges(app.db, entry.value);
    return ok(page(found.map(shownChange), null));
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/suppressions/:entry",
  summary: "Remove an entry, so that mail may go there again; who, when and why are kept",
  scope: "manage",
  request: {
    params: byEntry,
    body: z.object({
      reason: reasonField.pipe(z.string().min(1, "must say why")),
      scope: scopeField.optional(),
    }),
  },
  response: {
    200: dataOf(
      z.object({
        entry: z.string(),
        removed: z.array(suppressionView),
        entries: z.array(suppressionView),
      }),
    ),
  },
  async handle(app, { params, body, key }) {
    const entry = entryOf(params.entry);
    if (!entry.ok) return entry;
    const removed = await removeSuppressions(app.db, {
      entry: entry.value,
      scope: body.scope ?? null,
      keyId: key.id,
      reason: body.reason,
      now: app.now(),
    });
    if (removed.length === 0) return fail(notFound);
    const entries = await standing(app.db, entry.value);
    return ok(one({ entry: entry.value, removed: removed.map(shown), entries }));
  },
});

/** The operations of /v1/suppressions on one entry or the list. */
export const suppressionEndpoints = [add, list, get, changes, remove];

function entryOf(text: string): Result<string, Problem> {
  const entry = parseEntry(text);
  return entry.ok ? entry : fail(invalidField("entry", entry.error));
}

const notFound: Problem = { kind: "not_found", what: "this suppression" };

/** What stops an address, or what stands under any other entry; the reason that is told comes first. */
async function standing(db: D1Database, entry: string) {
  const asked = entryType(entry) === "email" ? entriesThatStop(entry) : [entry];
  return (await findSuppressions(db, asked)).toSorted(byPrecedence).map(shown);
}

// /v1/imports: contacts from a CSV into a list (F-213): upload, say what the columns mean, try without
// writing, import, and see what was refused.
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import {
  guessColumns,
  IMPORT_LIFE_MS,
  MAX_IMPORT_BYTES,
  MAX_LIVING_IMPORTS,
} from "../../model/import.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { fieldsOfList, listFields } from "../../store/custom-field.ts";
import { twice } from "../../store/db.ts";
import {
  cancelImport,
  findImport,
  insertImport,
  listImports,
  startImport,
} from "../../store/import.ts";
import { importKey, removeLeftImports, storePieces } from "../../store/import-file.ts";
import { tagsAmong } from "../../store/tag.ts";
import { endpoint } from "../endpoint.ts";
import { columnsOf, mappingOf, readTop } from "./import-columns.ts";
import { errorFile, seenImport, shownImport } from "./import-fields.ts";
import { named } from "./lists.ts";
import { limitParameter, one, page, pageOf, uuidCursor } from "./native.ts";

/** Tags that an import gives. */
const MAX_TAGS_GIVEN = 100;

const upload = endpoint({
  method: "POST",
  path: "/imports",
  summary: "Upload a CSV of contacts, with the names of its columns in the first line",
  description:
    "Nothing is imported before `POST /v1/imports/:id/start`. `guess` says what the columns seem to mean.",
  scope: "manage",
  streams: { type: "text/csv", as: "pieces", limitBytes: MAX_IMPORT_BYTES },
  request: {},
  response: {
    201: z.object({
      data: seenImport.extend({
        guess: z.record(z.string(), z.string().nullable()),
        sample: z.array(z.array(z.string())),
      }),
    }),
  },
  problems: ["invalid_field", "conflict"],
  async handle(app, { key, pieces }) {
    const now = app.now();
    const id = app.newId();
    const objectKey = importKey(id, crypto.randomUUID());
    const stored = await storePieces(app.blobs, objectKey, pieces);
    if (!stored.ok) return stored;
    const top = await readTop(app, objectKey);
    const given = { id, keyId: key.id, objectKey, bytes: stored.value, createdAt: now };
    const expiresAt = now + IMPORT_LIFE_MS;
    const kept = top.ok
      ? await twice(() => insertImport(app.db, { ...given, ...top.value, expiresAt }))
      : null;
    if (!kept) app.background("remove_import_failed", app.blobs.delete(objectKey));
    if (!top.ok) return top;
    if (!kept) return fail(tooMany);
    const everywhere = { name: "", status: "active", listId: null } as const;
    const { fields } = await listFields(app.db, everywhere, ALL_FIELDS);
    const columns = guessColumns(
      kept.header,
      fields.map(({ name }) => name),
    );
    const { sample } = top.value;
    return ok(one({ ...shownImport(kept), guess: mappingOf(kept.header, columns), sample }, 201));
  },
});

const startBody = z.object({
  list_id: z.union([z.string(), z.number().transform(String)], "must be the id of a list"),
  mapping: z
    .record(z.string(), z.string("must be text or null").nullable())
    .describe(
      "Name of a column → `email`, `first_name`, `last_name`, `custom_fields.<name>` or null; columns that are left out are guessed",
    )
    .default({}),
  update_contacts: z
    .boolean("must be true or false")
    .describe("Whether what the file says of a contact that exists replaces what was known")
    .default(false),
  tags: z
    .array(z.string(), "must be a list of tag ids")
    .max(MAX_TAGS_GIVEN, `must be at most ${MAX_TAGS_GIVEN}`)
    .default([]),
  dry_run: z
    .boolean("must be true or false")
    .describe("Reads all of the file and writes nothing")
    .default(false),
});

const byId = z.object({ id: z.string() });

const start = endpoint({
  method: "POST",
  path: "/imports/:id/start",
  summary: "Say what the columns mean, and import; with dry_run only look what would be refused",
  scope: "manage",
  request: { params: byId, body: startBody },
  response: { 202: z.object({ data: seenImport }) },
  problems: ["conflict"],
  async handle(app, { params, body }) {
    const found = await findImport(app.db, params.id, app.now());
    if (!found) return fail(notFound);
    const list = await named(app, body.list_id);
    if (!list.ok) return fail(invalidField("list_id", "must be the id of a list that exists"));
    const tags = await tagsAmong(app.db, body.tags);
    if (body.tags.some((id) => tags.every(({ tagId }) => tagId !== id))) {
      return fail(invalidField("tags", "must be ids of tags that exist"));
    }
    const fields = await fieldsOfList(app.db, list.value.id);
    const columns = columnsOf(found.header, body.mapping, fields);
    if (!columns.ok) return columns;
    const started = await twice(() =>
      startImport(app.db, found.id, {
        state: body.dry_run ? "checking" : "importing",
        settings: {
          listId: list.value.id,
          columns: columns.value,
          updateContacts: body.update_contacts,
          tagIds: tags.map(({ id }) => id),
        },
        now: app.now(),
      }),
    );
    if (!started) return fail(underWay);
    app.background("wake_imports_failed", app.wake.background("imports"));
    return ok(one(shownImport(started), 202));
  },
});

const list = endpoint({
  method: "GET",
  path: "/imports",
  summary: "List imports, newest first",
  scope: "read",
  request: {
    query: z.object({
      limit: limitParameter,
      cursor: uuidCursor,
    }),
  },
  response: { 200: pageOf(seenImport) },
  async handle(app, { query }) {
    const ask = { before: query.cursor ?? null, limit: query.limit, now: app.now() };
    const { imports, next } = await listImports(app.db, ask);
    return ok(page(imports.map(shownImport), next));
  },
});

const get = endpoint({
  method: "GET",
  path: "/imports/:id",
  summary: "See how far an import is, and what was refused first",
  scope: "read",
  request: { params: byId },
  response: { 200: z.object({ data: seenImport }) },
  async handle(app, { params }) {
    const found = await findImport(app.db, params.id, app.now());
    return found ? ok(one(shownImport(found))) : fail(notFound);
  },
});

const errors = endpoint({
  method: "GET",
  path: "/imports/:id/errors",
  summary: "Download the refused rows as CSV, each with its line and the reason",
  scope: "read",
  request: { params: byId },
  response: { 200: { type: "text/csv" } },
  async handle(app, { params }) {
    const found = await findImport(app.db, params.id, app.now());
    return found ? ok(errorFile(app, found)) : fail(notFound);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/imports/:id",
  summary: "Cancel an import and delete its file; contacts that were written stay",
  scope: "manage",
  request: { params: byId },
  response: { 204: null },
  async handle(app, { params }) {
    const now = app.now();
    if (!(await cancelImport(app.db, params.id, now))) return fail(notFound);
    // It is gone for everybody; what R2 does not delete now, the sweeper will.
    app.background("remove_import_failed", removeLeftImports(app, now));
    return ok({ status: 204, bytes: null });
  },
});

/** The operations of /v1/imports. */
export const importEndpoints = [upload, start, list, get, errors, remove];

/** More than there may be. */
const ALL_FIELDS = { after: 0, offset: 0, limit: 1_000 };

const notFound: Problem = { kind: "not_found", what: "this import" };

const tooMany: Problem = {
  kind: "conflict",
  reason: `there are ${MAX_LIVING_IMPORTS} imports; delete one, or wait until one expires`,
};

const underWay: Problem = {
  kind: "conflict",
  reason: "this import is under way or over; delete it, or upload the file again",
};

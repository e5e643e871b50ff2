// Lists: see, make and change them (E-08…E-10). What only this API tells is kept in their settings.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type List, MAX_LISTS, newHexId } from "../../model/list.ts";
import {
  DEFAULT_SETTINGS,
  keptSettings,
  type ListSettings,
  listSettings,
} from "../../model/list-settings.ts";
import type { Problem } from "../../model/problem.ts";
import { twice } from "../../store/db.ts";
import { changeList, insertList, listById, listLists } from "../../store/list.ts";
import { endpoint } from "../endpoint.ts";
import { success } from "./envelope.ts";
import { shownList } from "./map.ts";
import { referencesOf } from "./references.ts";
import { createBody, listParams, updateBody } from "./schema.ts";
import { settingsAfter } from "./settings.ts";
import { answerOf, listView } from "./view.ts";

/** Lists that are read at a time. */
const PIECE = 1_000;

const all = endpoint({
  method: "GET",
  path: "/mailing_lists",
  summary: "List all lists, oldest first (E-08)",
  scope: "read",
  request: {},
  response: { 200: answerOf(z.array(listView)) },
  async handle(app) {
    return ok(success(await shownAll(app, await allLists(app))));
  },
});

const create = endpoint({
  method: "POST",
  path: "/mailing_lists",
  summary: "Make a list (E-09)",
  description: "The object stands under `mailing_list`, or by itself.",
  scope: "manage",
  request: { body: createBody },
  response: { 200: answerOf(listView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const settings = await settingsAfter(app, { id: null, settings: DEFAULT_SETTINGS }, body);
    if (!settings.ok) return settings;
    const list = {
      listId: newHexId(),
      name: body.name,
      settings: keptSettings(settings.value),
      createdAt: app.now(),
    };
    const made = await twice(() => insertList(app.db, list));
    return made ? ok(success(await shown(app, made))) : fail(tooMany);
  },
});

const update = endpoint({
  method: "PUT",
  path: "/mailing_lists/:mailing_list_id",
  summary: "Change what is named of a list; the rest stays (E-10)",
  description: "The object stands under `mailing_list`, or by itself.",
  scope: "manage",
  request: { params: listParams, body: updateBody },
  response: { 200: answerOf(listView) },
  async handle(app, { params, body }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const { id, settings } = list.value;
    const before = listSettings(settings);
    const after = await settingsAfter(app, { id, settings: before }, body);
    if (!after.ok) return after;
    const changed = await changeList(app.db, id, {
      name: body.name ?? null,
      status: null,
      settings: patchOf(before, after.value),
      now: app.now(),
    });
    return changed ? ok(success(await shown(app, changed))) : fail(notFound);
  },
});

/** The operations of lists. */
export const listEndpoints = [all, create, update];

const notFound: Problem = { kind: "not_found", what: "this mailing list" };

const tooMany: Problem = {
  kind: "conflict",
  reason: `there are ${MAX_LISTS} mailing lists; delete one first`,
};

/** The list of a path. */
export async function existing(app: App, id: number): Promise<Result<List, Problem>> {
  const list = await listById(app.db, id);
  return list ? ok(list) : fail(notFound);
}

/** Every list, oldest first. */
export async function allLists(app: App): Promise<readonly List[]> {
  const lists: List[] = [];
  for (let after = 0, more = true; more;) {
    const place = { after, offset: 0, limit: PIECE };
    const piece = await listLists(app.db, { name: "", status: null }, place);
    lists.push(...piece.lists);
    after = piece.lists.at(-1)?.id ?? after;
    more = piece.lists.length === PIECE;
  }
  return lists;
}

async function shownAll(app: App, lists: readonly List[]) {
  const references = await referencesOf(
    app,
    lists.map(({ settings }) => listSettings(settings)),
  );
  return lists.map((list) => shownList(list, references));
}

async function shown(app: App, list: List) {
  return (await shownAll(app, [list]))[0];
}

/** What the store patches kept settings with: what changed, null where it went back to its default. */
function patchOf(before: ListSettings, after: ListSettings): Readonly<Record<string, unknown>> {
  const kept = keptSettings(after);
  const names = new Set([...Object.keys(kept), ...Object.keys(keptSettings(before))]);
  return Object.fromEntries(
    [...names].map((name) => {
      const value = kept[name] ?? null;
      return [name, name === PREVIEW ? previewPatch(before, after) : value] as const;
    }),
  );
}

const PREVIEW = "preview_custom_field_data" satisfies keyof ListSettings;

/** Values are patched one by one: those that are gone have to be named. */
function previewPatch(before: ListSettings, after: ListSettings) {
  const gone = Object.keys(before[PREVIEW]).map((id) => [id, null] as const);
  return { ...Object.fromEntries(gone), ...after[PREVIEW] };
}

// Seed lists: see and make them (contract 3.6, F-204).
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import { parseAddress } from "../../model/address.ts";
import type { Problem } from "../../model/problem.ts";
import { MAX_SEED_LISTS, MAX_SEED_NAME, MAX_SEEDS, type SeedList } from "../../model/seed-list.ts";
import { insertSeedList, listSeedLists } from "../../store/seed-list.ts";
import { endpoint } from "../endpoint.ts";
import { success } from "./envelope.ts";
import { pageKeys, pageQuery } from "./paging.ts";
import { nameOf, wrapped } from "./schema.ts";
import { answerOf, pageAnswerOf, seedListView } from "./view.ts";

const address = z.string("must be an address").transform((text, context) => {
  const parsed = parseAddress(text.trim());
  if (parsed.ok) return parsed.value;
  context.addIssue(parsed.error);
  return z.NEVER;
});

const newSeedList = wrapped(
  "seed_list",
  z.object(
    {
      name: nameOf(MAX_SEED_NAME),
      addresses_array: z
        .array(address, "must be a list of addresses")
        .min(1, "must have an address")
        .max(MAX_SEEDS, `must be at most ${MAX_SEEDS} addresses`),
    },
    "must be an object",
  ),
);

const all = endpoint({
  method: "GET",
  path: "/seed_lists",
  summary: "List seed lists, oldest first",
  scope: "read",
  request: { query: pageQuery },
  response: { 200: pageAnswerOf(seedListView) },
  async handle(app, { query }) {
    const place = { offset: query.page * query.per_page, limit: query.per_page };
    const { lists, total } = await listSeedLists(app.db, place);
    return ok(success(lists.map(shown), pageKeys(query, total)));
  },
});

const create = endpoint({
  method: "POST",
  path: "/seed_lists",
  summary: "Make a seed list",
  description: "The object stands under `seed_list`, or by itself.",
  scope: "manage",
  request: { body: newSeedList },
  response: { 200: answerOf(seedListView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const { name, addresses_array: addresses } = body;
    const list = { name, addresses: [...new Set(addresses)] };
    const made = await insertSeedList(app.db, list, app.now());
    return made ? ok(success(shown(made))) : fail(refused);
  },
});

/** The operations of seed lists. */
export const seedListEndpoints = [all, create];

const refused: Problem = {
  kind: "conflict",
  reason: `name has already been taken, or there are ${MAX_SEED_LISTS} seed lists`,
};

function shown({ id, name, addresses }: SeedList) {
  return { id, name, addresses_array: addresses };
}

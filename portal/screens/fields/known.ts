// What forms about contacts offer: the fields, tags and lists that are in use.
import { getPage, type Query } from "../../lib/api.ts";
import { MOST_ROWS, readRows } from "../../lib/rows.ts";
import type { List } from "../lists/list.ts";
import type { CustomField, Tag } from "./field.ts";

/** Some to choose from. */
export type Offer<T> = {
  readonly all: readonly T[];
  /** There are more, which are chosen through the API: it allows 10,000 tags, and as many lists. */
  readonly isCut: boolean;
};

/** All custom fields: the API allows 500. */
export type Known = { readonly fields: readonly CustomField[]; readonly tags: Offer<Tag> };

/** Asks for fields and tags. Throws ApiError. */
export async function askKnown(): Promise<Known> {
  const [fields, tags] = await Promise.all([
    askOffer<CustomField>("/v1/custom-fields", { status: "active" }),
    askOffer<Tag>("/v1/tags", { status: "active" }),
  ]);
  return { fields: fields.all, tags };
}

/** Asks for lists. Throws ApiError. */
export function askLists(): Promise<Offer<List>> {
  return askOffer<List>("/v1/lists", {});
}

async function askOffer<T>(path: string, query: Query): Promise<Offer<T>> {
  const read = (limit: number, cursor: string | null) =>
    getPage<T>(path, { ...query, limit, cursor });
  const { data, next_cursor } = await readRows(read, MOST_ROWS);
  return { all: data, isCut: next_cursor !== null };
}

/** Tags as choices. */
export function tagOptions(tags: Offer<Tag>) {
  return tags.all.map(({ id, name }) => [id, name] as const);
}

/** Lists as choices. */
export function listOptions(lists: Offer<List>) {
  return lists.all.map(({ id, name }) => [String(id), name] as const);
}

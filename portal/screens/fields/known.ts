// What forms about contacts offer: the fields, tags and lists that are in use, as many as one answer holds.
import { getPage } from "../../lib/api.ts";
import type { List } from "../lists/list.ts";
import type { CustomField, Tag } from "./field.ts";

/** More active fields, tags or lists than these are chosen through the API. */
const MOST = 100;

export type Known = { readonly fields: readonly CustomField[]; readonly tags: readonly Tag[] };

/** Asks for fields and tags. Throws ApiError. */
export async function askKnown(): Promise<Known> {
  const asked = { limit: MOST, status: "active" };
  const [fields, tags] = await Promise.all([
    getPage<CustomField>("/v1/custom-fields", asked),
    getPage<Tag>("/v1/tags", asked),
  ]);
  return { fields: fields.data, tags: tags.data };
}

/** Asks for lists. Throws ApiError. */
export async function askLists(): Promise<readonly List[]> {
  return (await getPage<List>("/v1/lists", { limit: MOST })).data;
}

/** Tags as choices. */
export function tagOptions(tags: readonly Tag[], word: string) {
  return tags.map(({ id, name }) => [id, `${word} ${name}`] as const);
}

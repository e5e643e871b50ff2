// What /v1/lists, /v1/custom-fields and /v1/tags share: their names, the filter of a page of them, and
// the page.
import * as z from "zod";
import { ok, type Result } from "../../lib/result.ts";
import type { Problem } from "../../model/problem.ts";
import { isLikeable, MAX_LIKE_BYTES } from "../../store/db.ts";
import type { Answer } from "../endpoint.ts";
import { idCursor, limitParameter, numbered, page } from "./native.ts";

/** A name: text without control characters. */
export function nameField(most: number) {
  return z
    .string("must be text")
    .trim()
    .min(1, "must not be empty")
    .max(most, `must be at most ${most} characters`)
    .regex(/^\P{Cc}*$/u, "must not have control characters");
}

/** A part of a name that a page is filtered by. */
export const namePart = z
  .string()
  .refine(isLikeable, `must be at most ${MAX_LIKE_BYTES} bytes, of which %, _ and \\ count twice`)
  .default("");

/** An inactive one rests: it is kept and not used. */
export const namedStatus = z.enum(["active", "inactive"], "must be active or inactive");

/** The query of a page of them. */
export const namedQuery = z.object({
  limit: limitParameter,
  cursor: idCursor,
  name: namePart,
  status: namedStatus.optional(),
});

/** What a page of them is filtered by. */
export type NamedFilter = {
  readonly name: string;
  readonly status: z.infer<typeof namedStatus> | null;
};

/** Where a page begins, and how many are asked for. */
export type NamedPlace = {
  readonly after: number;
  readonly offset: number;
  readonly limit: number;
};

/** A page of them, oldest first, as `find` reads it from the store and `show` writes one. */
export async function namedPage<Named extends { readonly id: number }>(
  query: z.infer<typeof namedQuery>,
  find: (filter: NamedFilter, asked: NamedPlace) => Promise<readonly Named[]>,
  show: (one: Named) => unknown,
): Promise<Result<Answer, Problem>> {
  const { limit, cursor, name, status } = query;
  const filter = { name, status: status ?? null };
  const found = await find(filter, { after: cursor, offset: 0, limit: limit + 1 });
  const { shown, next } = numbered(found, limit, ({ id }) => id);
  return ok(page(shown.map(show), next));
}

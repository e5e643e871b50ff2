// Suppressions as an export has them: the entries of /v1/suppressions, as its direct export writes them
// (F-103).
import { suppressionShape } from "../accept/kasplo/suppression-fields.ts";
import { suppressionCursor } from "../model/export.ts";
import type { Suppression } from "../model/suppression.ts";
import { listSuppressions } from "../store/suppression.ts";
import type { Source } from "./source.ts";

const PAGE_ROWS = 1_000;

/** Entries in the order of their text. */
export const suppressionSource: Source<Suppression> = {
  shape: suppressionShape,
  async read(db, one, cursor) {
    const { suppressions, next } = await listSuppressions(db, {
      after: cursor === null ? null : suppressionCursor(cursor),
      scope: one.filters.scope,
      prefix: "",
      limit: PAGE_ROWS,
      added: { from: one.from, to: one.to },
    });
    return {
      records: suppressions.map((item) => ({ item, next: placeOf(item) })),
      next: next && placeOf(next),
    };
  },
};

function placeOf({ scope, entry }: { readonly scope: string; readonly entry: string }): string {
  return `${scope}:${entry}`;
}

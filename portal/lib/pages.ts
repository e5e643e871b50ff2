// A list that grows by its cursor: the first page when the component appears, the next one when somebody asks.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { getPage, type Page, type Query } from "./api.ts";
import type { Watched } from "./every.ts";
import { readOn, readRows, wantedAgain } from "./rows.ts";
import { counted, NOT_ASKED, takeTurns } from "./turns.ts";

/** `again` reads anew what is shown, later pages too; it stays until they are there, and when that is refused. */
export type Pages<T> = Watched & {
  /** All pages so far; null before the first answer. */
  readonly rows: readonly T[] | null;
  /** Why the last answer was a refusal; null when it was none. */
  readonly error: unknown;
  /** Asks for the next page; null when there is none. */
  readonly more: (() => void) | null;
};

/** The query of a list; `limit` is the size of its pages, none where the API gives all rows at once. */
export type ListQuery = Query & { readonly limit?: number };

/**
 * Rows of one question; a component that asks another one has another `key`. Another `version` says that the rows
 * may be otherwise, and reads them anew.
 */
export function usePages<T>(path: string, query: ListQuery, version = ""): Pages<T> {
  const [shown, setShown] = useState<Page<T> | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(NOT_ASKED);
  const turn = useRef(takeTurns());
  const isThere = useRef(true);
  // What is shown when a question has its turn, not when somebody asked it.
  const latest = useRef(shown);
  const { limit: size } = query;
  const read = (limit: number, cursor: string | null): Promise<Page<T>> =>
    getPage<T>(path, { ...query, limit: size && limit, cursor });
  const look = (kind: string, ask: (shown: Page<T> | null) => Promise<Page<T>>): void =>
    turn.current(kind, async () => {
      if (!isThere.current) return;
      const { page, error } = await ask(latest.current).then(
        (page) => ({ page, error: null }),
        (error: unknown) => ({ page: latest.current, error }),
      );
      if (!isThere.current) return;
      latest.current = page;
      setShown(page);
      setError(error);
      setAsked((asked) => counted(asked, error === null ? "given" : "refused"));
    });
  const again = useCallback(
    () => look("again", (shown) => readRows(read, wantedAgain(shown, size ?? 1))),
    [],
  );
  const more = (): void =>
    look("more", (shown) =>
      shown === null ? readRows(read, size ?? 1) : readOn(read, shown, size ?? 1),
    );
  useEffect(again, [version]);
  useEffect(
    () => () => {
      isThere.current = false;
    },
    [],
  );
  const hasMore = shown !== null && shown.next_cursor !== null;
  return { rows: shown?.data ?? null, error, ...asked, more: hasMore ? more : null, again };
}

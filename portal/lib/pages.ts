// A list that grows by its cursor: the first page when the component appears, the next one when somebody asks.
import { useEffect, useRef, useState } from "preact/hooks";
import { getPage, type Page, type Query } from "./api.ts";

export type Pages<T> = {
  /** All pages so far; null before the first answer. */
  readonly rows: readonly T[] | null;
  readonly error: unknown;
  /** Asks for the next page; null when there is none. */
  readonly more: (() => void) | null;
  /** Begins anew with the first page; what is shown stays until it is there. */
  readonly again: () => void;
};

/** Rows of one question; a component that asks another one has another `key`. */
export function usePages<T>(path: string, query: Query): Pages<T> {
  const [page, setPage] = useState<Page<T> | null>(null);
  const [error, setError] = useState<unknown>(null);
  // An answer to an earlier question must not come after a later one's.
  const asked = useRef(0);
  const ask = (before: Page<T> | null): void => {
    const mine = ++asked.current;
    setError(null);
    getPage<T>(path, { ...query, cursor: before?.next_cursor }).then(
      (next) => {
        if (mine !== asked.current) return;
        setPage({ ...next, data: [...(before?.data ?? []), ...next.data] });
      },
      (error: unknown) => {
        if (mine === asked.current) setError(error);
      },
    );
  };
  useEffect(() => {
    ask(null);
    return () => {
      asked.current += 1;
    };
  }, []);
  const more = page !== null && page.next_cursor !== null ? () => ask(page) : null;
  return { rows: page?.data ?? null, error, more, again: () => ask(null) };
}

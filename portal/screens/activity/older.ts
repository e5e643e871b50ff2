// What happened before, by page. Where a filter fits little a page may be empty: then the next is asked for, until
// something fits or somebody says stop.
import { useEffect, useRef, useState } from "preact/hooks";
import { getPage, type Page } from "../../lib/api.ts";
import type { ActivityEvent } from "./event.ts";

const PAGE = 50;

export type Older = {
  readonly events: readonly ActivityEvent[];
  /** null: the log ends here, or nothing was answered yet. */
  readonly next: string | null;
  /** How far back it has been looked, while it is looked for more; null when nobody looks. */
  readonly lookingAt: string | null;
  readonly isAnswered: boolean;
  readonly error: unknown;
};

const START: Older = { events: [], next: null, lookingAt: null, isAnswered: false, error: null };

/** The events of a query, the newest page at first; `more` looks further back, `stop` ends looking. */
export function useOlder(query: Readonly<Record<string, string>>) {
  const [older, setOlder] = useState<Older>(START);
  const looks = useRef<object | null>(null);
  const look = async (from: string | null): Promise<void> => {
    const mine = (looks.current = {});
    const isMine = (): boolean => looks.current === mine;
    setOlder((older) => ({ ...older, error: null }));
    try {
      let cursor = from;
      let page: Page<ActivityEvent>;
      do {
        const at = cursor;
        setOlder((older) => ({ ...older, lookingAt: at && timeOf(at) }));
        page = await getPage<ActivityEvent>("/v1/events", { ...query, limit: PAGE, cursor });
        if (!isMine()) return;
        const { data, next_cursor: next } = page;
        setOlder((older) => ({
          ...older,
          events: [...older.events, ...data],
          next,
          isAnswered: true,
        }));
        cursor = next;
      } while (cursor !== null && page.data.length === 0);
    } catch (error) {
      if (isMine()) setOlder((older) => ({ ...older, error }));
    }
    if (isMine()) setOlder((older) => ({ ...older, lookingAt: null }));
  };
  const stop = (): void => {
    looks.current = null;
    setOlder((older) => ({ ...older, lookingAt: null }));
  };
  useEffect(() => {
    void look(null);
    return () => {
      looks.current = null;
    };
  }, []);
  return { ...older, more: () => void look(older.next), stop };
}

/** The time of a cursor, ISO 8601: its first part is milliseconds * 1000 and some. Pure. */
export function timeOf(cursor: string): string {
  return new Date(Math.floor(Number(cursor.split(".")[0]) / 1_000)).toISOString();
}

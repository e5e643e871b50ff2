// Asks for something when a component appears or what it depends on changes; an answer to what it depended on before
// is dropped.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Watched } from "./every.ts";
import { type Asked, counted, NOT_ASKED, takeTurns } from "./turns.ts";

/** What was asked for: still `data` of before while it is asked for again, and when that is refused. */
export type Loaded<T> = Watched & {
  readonly data: T | null;
  /** Why the last answer was a refusal; null when it was none. */
  readonly error: unknown;
};

/** What useLoad keeps: `data` is an answer to the question `key`. */
export type Held<T> = Asked & {
  readonly key: string | null;
  readonly data: T | null;
  readonly error: unknown;
};

const NOTHING = { ...NOT_ASKED, key: null, data: null, error: null };

/** Asks anew whenever `key` changes, and on `again`. */
export function useLoad<T>(ask: () => Promise<T>, key: string): Loaded<T> {
  const [held, setHeld] = useState<Held<T>>(NOTHING);
  const latest = useRef(ask);
  latest.current = ask;
  const look = useRef(() => {});
  useEffect(() => {
    let isCurrent = true;
    const turn = takeTurns();
    const work = async (): Promise<void> => {
      if (!isCurrent) return;
      const change = await latest.current().then(
        (data) => (held: Held<T>) => given(held, key, data),
        (error: unknown) => (held: Held<T>) => refused(held, key, error),
      );
      if (isCurrent) setHeld(change);
    };
    look.current = () => turn("again", work);
    look.current();
    return () => {
      isCurrent = false;
    };
    // `key` says what `ask` asks for.
  }, [key]);
  const again = useCallback(() => look.current(), []);
  const { data, error, answers, failures } = held;
  return { data, error, answers, failures, again };
}

/** What is held after an answer. */
export function given<T>(held: Held<T>, key: string, data: T): Held<T> {
  return { ...counted(held, "given"), key, data, error: null };
}

/** What is held after a refusal: the answer of before, if it is one to the same question. */
export function refused<T>(held: Held<T>, key: string, error: unknown): Held<T> {
  const data = held.key === key ? held.data : null;
  return { ...counted(held, "refused"), key, data, error };
}

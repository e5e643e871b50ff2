// Asks for something when a component appears or what it depends on changes; an answer that came too late is dropped.
import { useCallback, useEffect, useState } from "preact/hooks";

/** What was asked for: still `data` of before while it is asked for again. */
export type Loaded<T> = {
  readonly data: T | null;
  readonly error: unknown;
  readonly again: () => void;
};

/** Asks anew whenever `key` changes, and on `again`. */
export function useLoad<T>(ask: () => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; error: unknown }>({
    data: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (data) => isCurrent && setState({ data, error: null }),
      (error: unknown) => isCurrent && setState({ data: null, error }),
    );
    return () => {
      isCurrent = false;
    };
    // `key` says what `ask` asks for.
  }, [key, turn]);
  const again = useCallback(() => setTurn((turn) => turn + 1), []);
  return { ...state, again };
}

// Work that somebody started: why it failed, and whether it still runs.
import { useRef, useState } from "preact/hooks";

export type Run = {
  /** Why the last work failed; null when it did not, or still runs. */
  readonly error: unknown;
  readonly start: (work: () => Promise<unknown>) => void;
};

/** Runs what a button, a box or a select asks for; nothing is drawn anew until it is over, so that they stay as chosen. */
export function useRun(): Run {
  const [error, setError] = useState<unknown>(null);
  const start = (work: () => Promise<unknown>): void => {
    setError(null);
    work().catch(setError);
  };
  return { error, start };
}

/**
 * The same for what shows that it runs, and runs once: what is started meanwhile is not. A button says so with
 * `aria-disabled`; one that is `disabled` would lose the keyboard.
 */
export function useTask(): Run & { readonly isBusy: boolean } {
  const { error, start } = useRun();
  const [isBusy, setBusy] = useState(false);
  const isRunning = useRef(false);
  const set = (is: boolean): void => {
    isRunning.current = is;
    setBusy(is);
  };
  const startTask = (work: () => Promise<unknown>): void => {
    if (isRunning.current) return;
    set(true);
    start(() => work().finally(() => set(false)));
  };
  return { error, isBusy, start: startTask };
}

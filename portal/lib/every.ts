// Does something again and again while a component shows work that goes on.
import { useEffect, useRef } from "preact/hooks";

/** Calls `run` each `ms` while `isOn`. */
export function useEvery(ms: number, isOn: boolean, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => latest.current(), ms);
    return () => clearInterval(timer);
  }, [ms, isOn]);
}

/** Often enough to see work go on, seldom enough to cost nothing. */
export const LOOK_EVERY_MS = 1_000;

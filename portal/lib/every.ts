// Looks again and again while a component shows work that goes on.
import { useEffect } from "preact/hooks";
import type { Asked } from "./turns.ts";

/** Something that can be asked for anew: what useLoad and usePages give. */
export type Watched = Asked & { readonly again: () => void };

/** Asks for it anew while `isOn`: each time some while after the answer, however long that took. */
export function useEvery(ms: number, isOn: boolean, { again, answers, failures }: Watched): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setTimeout(again, pauseAfter(ms, failures));
    return () => clearTimeout(timer);
  }, [ms, isOn, answers]);
}

/** How long to wait: twice as long after each refusal in a row. */
export function pauseAfter(ms: number, failures: number): number {
  return Math.min(ms * 2 ** failures, MAX_PAUSE_MS);
}

/** Often enough to see work go on, seldom enough to cost nothing. */
export const LOOK_EVERY_MS = 1_000;

/** Whoever looks sees within half a minute that the API answers again. */
const MAX_PAUSE_MS = 30_000;

// Questions to the API take turns: a component asks one at a time, so that no answer is overtaken, and none is
// dropped because the next question came meanwhile. Knows no component.

/** Asks when it is its turn; what fails is the work's own to tell. Of each kind one waits at most. */
export type TakeTurn = (kind: string, work: () => Promise<void>) => void;

/** A row of questions. One that is asked for while its like is pending is asked once more, after it. */
export function takeTurns(): TakeTurn {
  const waiting = new Map<string, () => Promise<void>>();
  let isBusy = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    // What is added while it runs has its turn at the end.
    for (const [kind, work] of waiting) {
      waiting.delete(kind);
      await work();
    }
    isBusy = false;
  };
  return (kind, work) => {
    waiting.set(kind, work);
    if (!isBusy) void run();
  };
}

/** How asking went so far. */
export type Asked = {
  /** How many answers came, refusals too. */
  readonly answers: number;
  /** How many of the last ones were refusals; 0 when the last was none. */
  readonly failures: number;
};

export const NOT_ASKED: Asked = { answers: 0, failures: 0 };

/** The count after one more answer. */
export function counted({ answers, failures }: Asked, isRefused: "refused" | "given"): Asked {
  return { answers: answers + 1, failures: isRefused === "refused" ? failures + 1 : 0 };
}

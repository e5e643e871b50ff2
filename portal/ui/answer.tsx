// What was asked for: waiting, refused, or there. A refusal of a later look leaves it standing.
import type { ComponentChildren } from "preact";
import type { Loaded } from "../lib/load.ts";
import { Failure, Waiting } from "./parts.tsx";

export type AnswerProps<T> = {
  readonly of: Loaded<T>;
  readonly children: (data: T) => ComponentChildren;
};

export function Answer<T>({ of: { data, error, again }, children }: AnswerProps<T>) {
  if (data === null) return error === null ? <Waiting /> : <Failure error={error} again={again} />;
  return (
    <>
      {error !== null && <Failure error={error} again={again} />}
      {children(data)}
    </>
  );
}

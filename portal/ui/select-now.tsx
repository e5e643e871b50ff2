// A select that asks the API as soon as something is chosen.
import type { TargetedEvent } from "preact";
import { useRun } from "../lib/run.ts";
import { type Option, Options } from "./fields.tsx";
import { Failure } from "./parts.tsx";

type SelectNowProps = {
  /** What screen readers call it. */
  readonly label: string;
  /** What holds. */
  readonly value: string;
  readonly options: readonly Option[];
  readonly disabled?: boolean;
  readonly ask: (value: string) => Promise<unknown>;
};

/** When it is refused it says why, and shows again what holds. */
export function SelectNow({ label, value, options, disabled, ask }: SelectNowProps) {
  const { error, start } = useRun();
  const choose = ({ currentTarget: select }: TargetedEvent<HTMLSelectElement>): void =>
    start(() =>
      ask(select.value).catch((error: unknown) => {
        select.value = value;
        throw error;
      }),
    );
  return (
    <>
      <select aria-label={label} value={value} disabled={disabled} onChange={choose}>
        <Options options={options} />
      </select>
      {error !== null && <Failure error={error} />}
    </>
  );
}

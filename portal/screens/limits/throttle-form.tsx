// Changes how fast mail of a pool may go: to one group of domains, or to all that have no setting of their own; or
// forgets what was set for a group and what slowed it down.
import { useState } from "preact/hooks";
import { patch, post } from "../../lib/api.ts";
import { useRun } from "../../lib/run.ts";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { throttleChange, throttleFields, type ThrottleSettings } from "./limit.ts";

type FormProps = {
  readonly pool: string;
  /** null: all groups without a setting of their own. */
  readonly group: string | null;
  readonly settings: ThrottleSettings;
  readonly done: () => void;
};

export function ThrottleForm({ pool, group, settings, done }: FormProps) {
  const whole = `/v1/throttles/${encodeURIComponent(pool)}`;
  const path = group === null ? whole : `${whole}/${encodeURIComponent(group)}`;
  const name = group ?? "the whole pool";
  const [fields, setFields] = useState(throttleFields(settings));
  const { error, start } = useRun();
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  const run = async (work: Promise<unknown>, words: string): Promise<void> => {
    await work;
    say(words);
    done();
  };
  const save = (): Promise<void> =>
    run(patch(path, throttleChange(fields, settings)), `The pace of ${name} is changed.`);
  const reset = (): Promise<void> => run(post(`${path}/reset`, {}), `${name} begins anew.`);
  return (
    <Form
      title={group === null ? "Mail to all without a setting of their own" : `Mail to ${group}`}
      action="Save the pace"
      run={save}
      buttons={
        <>
          {group !== null && (
            <button type="button" onClick={() => start(reset)}>
              Forget settings and troubles
            </button>
          )}
          <button type="button" onClick={done}>
            Leave it
          </button>
        </>
      }
    >
      <TextField
        label={`Connections at once; empty: ${group === null ? "4" : "the pool's"}`}
        type="number"
        min={1}
        value={fields.connections}
        set={(connections) => set({ connections })}
      />
      <TextField
        label={`Messages an hour; empty: ${group === null ? "no limit" : "the pool's, or no limit"}`}
        type="number"
        min={1}
        value={fields.perHour}
        set={(perHour) => set({ perHour })}
      />
      <CheckField
        label="Slow down when receivers ask for it"
        checked={fields.adaptive}
        set={(adaptive) => set({ adaptive })}
      />
      <CheckField
        label="Warm up: 50 messages on the first day, then twice as many each day"
        checked={fields.warmUp}
        set={(warmUp) => set({ warmUp })}
      />
      {error !== null && <Failure error={error} />}
    </Form>
  );
}

// Changes how fast mail may go to one group of domains, or forgets what was set and what slowed it down.
import { useState } from "preact/hooks";
import { patch, post } from "../../lib/api.ts";
import { useRun } from "../../lib/run.ts";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { type Throttle, throttleChange, throttleFields } from "./limit.ts";

type FormProps = { readonly throttle: Throttle; readonly done: () => void };

export function ThrottleForm({ throttle, done }: FormProps) {
  const { pool, group, settings } = throttle;
  const path = `/v1/throttles/${encodeURIComponent(pool)}/${encodeURIComponent(group)}`;
  const [fields, setFields] = useState(throttleFields(settings));
  const { error, start } = useRun();
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  const run = async (work: Promise<unknown>, words: string): Promise<void> => {
    await work;
    say(words);
    done();
  };
  const save = (): Promise<void> =>
    run(patch(path, throttleChange(fields, settings)), `The pace of ${group} is changed.`);
  const reset = (): Promise<void> => run(post(`${path}/reset`, {}), `${group} begins anew.`);
  return (
    <Form
      title={`Mail to ${group}`}
      action="Save the pace"
      run={save}
      buttons={
        <>
          <button type="button" onClick={() => start(reset)}>
            Forget settings and troubles
          </button>
          <button type="button" onClick={done}>
            Leave it
          </button>
        </>
      }
    >
      <TextField
        label="Connections at once; empty: the pool's"
        type="number"
        min={1}
        value={fields.connections}
        set={(connections) => set({ connections })}
      />
      <TextField
        label="Messages an hour; empty: the pool's, or no limit"
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

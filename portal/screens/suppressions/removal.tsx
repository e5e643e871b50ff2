// Removes an entry; who, when and why are kept.
import { useState } from "preact/hooks";
import { remove } from "../../lib/api.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { say } from "../../ui/toast.tsx";
import type { Suppression } from "./suppression.ts";

type RemovalProps = {
  readonly suppression: Suppression;
  readonly done: () => void;
  readonly close: () => void;
};

export function Removal({ suppression: { entry, scope }, done, close }: RemovalProps) {
  const [reason, setReason] = useState("");
  const run = async (): Promise<void> => {
    await remove(`/v1/suppressions/${encodeURIComponent(entry)}`, { reason, scope });
    say(`${entry} may get mail again.`);
    done();
  };
  return (
    <Confirm
      title="Remove this suppression?"
      text={`Mail that “${scope}” stopped goes to it again. The reason is kept.`}
      name={entry}
      action="Remove"
      run={run}
      close={close}
    >
      <label>
        <span>Why may it get mail again?</span>
        <input required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </Confirm>
  );
}

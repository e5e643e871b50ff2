// Another secret for a key: what it may, its limits and the rules that name it stay.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { SelectField } from "../../ui/fields.tsx";
import type { Key } from "./key.ts";
import type { MadeKey } from "./new-key.tsx";

/** How long the secret of before works on, in seconds. */
const OVERLAPS = [
  ["86400", "a day"],
  ["3600", "an hour"],
  ["604800", "a week"],
  ["0", "not at all: it stops within 30 seconds"],
] as const;

type RotateProps = {
  readonly of: Key;
  readonly done: (made: MadeKey) => void;
  readonly close: () => void;
};

export function RotateKey({ of: { id, name, hint }, done, close }: RotateProps) {
  const [overlap, setOverlap] = useState<string>(OVERLAPS[0][0]);
  const rotate = async (): Promise<void> => {
    const body = { overlap_seconds: Number(overlap) };
    const path = `/v1/keys/${encodeURIComponent(id)}/rotate`;
    done((await post<{ data: MadeKey }>(path, body)).data);
  };
  return (
    <Confirm
      title="Rotate this key?"
      text={`It gets another secret, which is shown once. ${hint} works on for a while: until then, give the new one to whatever uses it.`}
      name={name}
      action="Rotate"
      run={rotate}
      close={close}
    >
      <SelectField
        label="The secret of before works on for"
        value={overlap}
        options={OVERLAPS}
        set={setOverlap}
      />
    </Confirm>
  );
}

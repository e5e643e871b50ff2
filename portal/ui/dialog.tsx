// Asks before something that cannot be undone: the name has to be typed. The browser's own dialog keeps the focus, and
// gives it back when it is closed, done or not, to what opened it; `lib/focus.ts` knows what when that is gone.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useTask } from "../lib/run.ts";
import { Failure } from "./parts.tsx";

export type ConfirmProps = {
  readonly title: string;
  /** What will happen. */
  readonly text: string;
  /** What must be typed. */
  readonly name: string;
  /** The word on the button. */
  readonly action: string;
  readonly run: () => Promise<void>;
  readonly close: () => void;
  /** Fields of its own, before the name. */
  readonly children?: ComponentChildren;
};

export function Confirm({ title, text, name, action, run, close, children }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const { error, start } = useTask();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    start(() => run().then(() => dialog.current?.close()));
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="confirm-title">
      <form onSubmit={submit}>
        <h2 id="confirm-title">{title}</h2>
        <p>{text}</p>
        {children}
        <label>
          <span>
            Type <b>{name}</b> to go on
          </span>
          <input
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        {error !== null && <Failure error={error} />}
        <div class="row">
          <button type="submit" class="danger" disabled={typed !== name}>
            {action}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Leave it
          </button>
        </div>
      </form>
    </dialog>
  );
}

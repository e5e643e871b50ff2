// The one form: its heading, its fields, the button that asks the API, and what the API refused. It asks once at a
// time: a second click, or Enter, while it runs does nothing.
import type { ComponentChildren } from "preact";
import { useTask } from "../lib/run.ts";
import { Failure } from "./parts.tsx";

export type FormProps = {
  /** What screen readers call it, and the heading of a column. */
  readonly title: string;
  /** A card of its own, its fields below (`column`) or beside one another (`row`); or the same within a card. */
  readonly layout?: "column" | "row" | "column within" | "row within";
  /** The word on the button. */
  readonly action: string;
  /** The word on it while it runs; it cannot be pressed then. */
  readonly busy?: string;
  /** It is what the page is for. */
  readonly isMain?: boolean;
  /** False: something is missing, and it cannot be sent. */
  readonly isReady?: boolean;
  readonly run: () => Promise<unknown>;
  /** Further buttons. */
  readonly buttons?: ComponentChildren;
  readonly children?: ComponentChildren;
};

export function Form(props: FormProps) {
  const { title, layout = "column", action, busy, isMain, isReady = true, run } = props;
  const { error, isBusy, start } = useTask();
  const submit = (event: Event): void => {
    event.preventDefault();
    start(run);
  };
  const button = (
    <button
      type="submit"
      class={isMain ? "main" : undefined}
      disabled={!isReady}
      aria-disabled={isBusy && busy !== undefined}
    >
      {isBusy ? (busy ?? action) : action}
    </button>
  );
  const failure = error !== null && <Failure error={error} />;
  if (layout.startsWith("row")) {
    return (
      <form
        class={layout === "row" ? "card filters" : "filters"}
        aria-label={title}
        onSubmit={submit}
      >
        {props.children}
        {button}
        {props.buttons}
        {failure}
      </form>
    );
  }
  const isCard = layout === "column";
  return (
    <form class={isCard ? "card narrow" : undefined} aria-label={title} onSubmit={submit}>
      {isCard && <h2>{title}</h2>}
      {props.children}
      {failure}
      <div class="row">
        {button}
        {props.buttons}
      </div>
    </form>
  );
}

type SearchProps = {
  /** What screen readers call it. */
  readonly title: string;
  /** The word on the button. */
  readonly action: string;
  readonly search: () => void;
  readonly children: ComponentChildren;
};

/** Looks for something: where it stands, the address says. */
export function SearchForm({ title, action, search, children }: SearchProps) {
  return (
    <form
      class="filters"
      role="search"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      {children}
      <button type="submit">{action}</button>
    </form>
  );
}

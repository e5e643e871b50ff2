// Small parts that every screen uses: times, copy buttons, marks, errors, empty states.
import type { ComponentChildren } from "preact";
import { ApiError } from "../lib/api.ts";
import { say } from "./toast.tsx";

const SHOWN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time in the viewer's zone; UTC on hover and for machines. */
export function Time({ at }: { readonly at: string }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={date.toISOString()} title={utcWords(at)}>
      {SHOWN.format(date)}
    </time>
  );
}

/** A time in UTC for people; "" when it is none. */
export function utcWords(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  return `${date.toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** Copies a text. */
export function Copy({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => say("Copied."),
      () => say("The browser does not allow copying here; select the text instead."),
    );
  };
  return (
    <button type="button" class="small" onClick={copy}>
      {label}
    </button>
  );
}

const GOOD = new Set([
  "delivered",
  "success",
  "open",
  "click",
  "enabled",
  "ok",
  "usable",
  "active",
  "pass",
]);
const BAD = new Set([
  "bounced",
  "failure",
  "failing",
  "expired",
  "spam_complaint",
  "complaint",
  "bounce",
  "bounce_all",
  "bounce_bad_address",
  "aside",
  "missing",
  "wrong",
  "drifted",
  "fail",
]);

/** A state or an event as a coloured word; the word alone says it too. */
export function Mark({ word }: { readonly word: string }) {
  const tone = GOOD.has(word) ? "good" : BAD.has(word) ? "bad" : "plain";
  return <span class={`mark ${tone}`}>{word.replaceAll("_", " ")}</span>;
}

/** What went wrong, what to do, and the id that support asks for. */
export function Failure({
  error,
  again,
}: {
  readonly error: unknown;
  readonly again?: () => void;
}) {
  const text = error instanceof Error ? error.message : String(error);
  const id = error instanceof ApiError ? error.requestId : null;
  return (
    <div class="failure" role="alert">
      <p>{text}</p>
      {id && <p class="quiet">Request {id}</p>}
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is here yet: says why and what comes next. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

export function Waiting() {
  return (
    <p class="quiet" role="status">
      Loading …
    </p>
  );
}

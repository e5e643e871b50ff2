// One event that was not taken: the last try of it.
import { useEffect, useRef } from "preact/hooks";
import { ApiError, get } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { Exchange } from "./exchange.tsx";

type Tried = {
  readonly event: string;
  readonly tries: number;
  readonly last_error: string;
  readonly body: string;
  readonly request: {
    readonly at: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  } | null;
  readonly answer: { readonly status: number; readonly ms: number; readonly body: string } | null;
};

type OneFailureProps = {
  readonly path: string;
  readonly eventId: string;
  /** Another one: it may have been tried again. */
  readonly version: string;
};

export function OneFailure({ path, eventId, version }: OneFailureProps) {
  const { data, error, again } = useLoad(
    () => get<Tried>(`${path}/failures/${encodeURIComponent(eventId)}`),
    version,
  );
  const isThere = data !== null;
  const section = useRef<HTMLElement>(null);
  // Whoever chose it in a long list goes on here, by keyboard too.
  useEffect(() => {
    if (isThere) section.current?.focus();
  }, [isThere]);
  return (
    <section class="card" ref={section} tabIndex={-1} aria-labelledby="one-failure">
      <h2 id="one-failure">Request and answer</h2>
      <p class="quiet">
        Event <code>{eventId}</code>
      </p>
      {error === null && data === null && <Waiting />}
      {error instanceof ApiError && error.status === 404 ? (
        <p role="status">It waits no more: it was taken meanwhile.</p>
      ) : (
        error !== null && <Failure error={error} again={again} />
      )}
      {data && <Shown tried={data} />}
    </section>
  );
}

function Shown({ tried }: { readonly tried: Tried }) {
  const { event, tries, request, answer, body, last_error: error } = tried;
  return (
    <>
      <p>
        <Mark word={event} /> tried {tries} {tries === 1 ? "time" : "times"}
        {request && (
          <>
            , the last at <Time at={request.at} />
          </>
        )}
        {answer && `, answered after ${answer.ms} ms`}. The signature is made anew for each try and
        not kept.
      </p>
      <Exchange request={request && { ...request, body }} answer={answer} error={error} />
    </>
  );
}

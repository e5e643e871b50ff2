// What the account's webhooks were told of a message.
import { getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";

type Missed = {
  readonly event_id: string;
  readonly event: string;
  readonly tries: number;
  readonly next_try_at: string | null;
  readonly last_error: string;
};

type Told = {
  readonly webhook_id: string;
  readonly url: string;
  readonly state: string;
  readonly reported: keyof typeof WORDS;
  readonly told_up_to: string | null;
  readonly failures: readonly Missed[];
};

/** What the API's words mean. */
const WORDS = {
  all: "was told all that it subscribes to",
  waiting: "has not come so far",
  failed: "did not take everything",
  nothing: "is younger than what happened",
  unknown: "missed too much since then to tell",
} as const;

export function Webhooks({ id }: { readonly id: string }) {
  const { data, error, again } = useLoad(
    () => getPage<Told>(`/v1/messages/${encodeURIComponent(id)}/webhooks`, {}),
    id,
  );
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null || data.data.length === 0) return null;
  return (
    <section aria-labelledby="webhooks">
      <h2 id="webhooks">Webhooks</h2>
      <ol class="timeline">
        {data.data.map((told) => (
          <Endpoint key={told.webhook_id} {...told} />
        ))}
      </ol>
    </section>
  );
}

function Endpoint({ webhook_id: id, url, state, reported, told_up_to: at, failures }: Told) {
  return (
    <li>
      <Mark word={reported === "all" ? "success" : reported === "failed" ? "failure" : reported} />{" "}
      <b>
        <Link to={{ screen: "webhooks", id }}>{url}</Link>
      </b>{" "}
      {WORDS[reported]}
      {state === "disabled" && "; it is disabled"}
      {at !== null && (
        <span class="quiet">
          {" "}
          (told up to <Time at={at} />)
        </span>
      )}
      {failures.map(({ event_id, event, tries, next_try_at: next, last_error: reason }) => (
        <p key={event_id} class="quiet">
          {event.replaceAll("_", " ")}: {reason}, {tries} {tries === 1 ? "try" : "tries"};{" "}
          {next === null ? (
            "no more are made"
          ) : (
            <>
              the next at <Time at={next} />
            </>
          )}
        </p>
      ))}
    </li>
  );
}

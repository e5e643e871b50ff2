// How an endpoint is: how far it has come, what waits, replays under way.
import { Time } from "../../ui/parts.tsx";
import type { Health, Webhook } from "./webhook.ts";

type HealthCardProps = {
  readonly webhook: Webhook;
  readonly health: Health;
  readonly look: () => void;
};

export function HealthCard({ webhook, health, look }: HealthCardProps) {
  const { failing_since: since, told_up_to: upTo, next_try_at: next, replays } = health;
  const least = health.counted_all ? "" : "at least ";
  return (
    <section aria-labelledby="health">
      <div class="row">
        <h2 id="health">Health</h2>
        <button type="button" class="small" onClick={look}>
          Refresh
        </button>
      </div>
      <dl class="facts">
        {health.state === "disabled" && (
          <>
            <dt>Paused</dt>
            <dd>{webhook.disabled_reason ?? "no reason is known"}</dd>
          </>
        )}
        {since !== null && (
          <>
            <dt>Failing since</dt>
            <dd>
              <Time at={since} />
              {health.state === "enabled" &&
                "; after five days of failures only it is switched off"}
            </dd>
          </>
        )}
        <dt>Told up to</dt>
        <dd>
          {upTo === null ? "nothing happened yet" : <Time at={upTo} />}
          {health.behind_seconds > 0 && `, ${health.behind_seconds} s behind`}
        </dd>
        <dt>Waiting</dt>
        <dd>
          {least}
          {health.waiting}
          {next !== null && health.waiting > 0 && (
            <>
              ; the next try at <Time at={next} />
            </>
          )}
        </dd>
        <dt>Given up</dt>
        <dd>
          {least}
          {health.exhausted}
          {health.exhausted > 0 &&
            "; somebody has to replay them, before events of that age are deleted"}
        </dd>
        {replays.map(({ id, from, to }) => (
          <Replaying key={id} from={from} to={to} />
        ))}
      </dl>
    </section>
  );
}

function Replaying({ from, to }: { readonly from: string; readonly to: string }) {
  return (
    <>
      <dt>Replaying</dt>
      <dd>
        <span role="status">
          has come to <Time at={from} /> of <Time at={to} />
        </span>
      </dd>
    </>
  );
}

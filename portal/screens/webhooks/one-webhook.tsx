// One endpoint: how it is, what it did not take, and everything that can be done with it.
import { useState } from "preact/hooks";
import { get, patch, post, remove } from "../../lib/api.ts";
import { useEvery } from "../../lib/every.ts";
import { useLoad } from "../../lib/load.ts";
import { go, usePlace } from "../../lib/router.ts";
import { useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { Change } from "./change.tsx";
import { Failures } from "./failures.tsx";
import { HealthCard } from "./health.tsx";
import { OneFailure } from "./one-failure.tsx";
import { Replay } from "./replay.tsx";
import { type Made, SecretOnce } from "./secret-once.tsx";
import { TestEvent } from "./test-event.tsx";
import { type Health, isMoving, nameOf, versionOf, type Webhook, wordOf } from "./webhook.ts";

/** How often to look while something is on its way. */
const LOOK_MS = 1_500;

export function OneWebhook({ id }: { readonly id: string }) {
  const path = `/v1/webhooks/${encodeURIComponent(id)}`;
  const webhook = useLoad(() => get<Webhook>(path), id);
  return (
    <Answer of={webhook}>
      {(data) => <Loaded path={path} webhook={data} again={webhook.again} />}
    </Answer>
  );
}

type LoadedProps = {
  readonly path: string;
  readonly webhook: Webhook;
  readonly again: () => void;
};

function Loaded({ path, webhook, again }: LoadedProps) {
  const mayChange = may(useMe(), "webhooks", "write");
  const { failure = "" } = usePlace().query;
  const [turn, setTurn] = useState(0);
  const health = useLoad(() => get<Health>(`${path}/health`), path);
  const { data } = health;
  useEvery(LOOK_MS, data !== null && isMoving(data, Date.now()), health);
  const look = (): void => {
    again();
    health.again();
    setTurn((turn) => turn + 1);
  };
  const replay = async (what: object, done: string): Promise<void> => {
    await post(`${path}/replay`, what);
    say(done);
    look();
  };
  const version = `${turn} ${versionOf(data)}`;
  const word = wordOf(data ?? webhook);
  return (
    <>
      <h1>{webhook.url}</h1>
      <p class="row">
        <Mark word={word} /> <Link to={{ screen: "webhooks" }}>All webhooks</Link>{" "}
        <Link to={{ screen: "webhook-events", query: { format: webhook.format } }}>
          What is posted, and how to verify it
        </Link>
      </p>
      {webhook.warning && <p class="quiet">Warning: {webhook.warning}.</p>}
      {mayChange && <Acts path={path} webhook={webhook} look={look} />}
      {health.error !== null && <Failure error={health.error} again={health.again} />}
      {data && <HealthCard webhook={webhook} health={data} look={look} />}
      <Failures
        path={path}
        id={webhook.id}
        version={version}
        replay={mayChange && webhook.state === "enabled" ? replay : null}
      />
      {failure !== "" && (
        <OneFailure key={failure} path={path} eventId={failure} version={version} />
      )}
      {mayChange && webhook.state === "disabled" && data !== null && data.exhausted > 0 && (
        <p class="quiet">Enable it to replay what it did not take.</p>
      )}
      {mayChange && webhook.state === "enabled" && (
        <Replay count={data ? data.waiting + data.exhausted : 0} replay={replay} />
      )}
      {mayChange && <TestEvent path={path} format={webhook.format} />}
      {mayChange && <Change path={path} webhook={webhook} done={look} />}
    </>
  );
}

type ActsProps = {
  readonly path: string;
  readonly webhook: Webhook;
  readonly look: () => void;
};

function Acts({ path, webhook, look }: ActsProps) {
  const [asks, setAsks] = useState<"rotate" | "delete" | null>(null);
  const [made, setMade] = useState<Made | null>(null);
  const { error, start } = useRun();
  const isOn = webhook.state === "enabled";
  const close = (): void => setAsks(null);
  const turn = async (): Promise<void> => {
    // After a refusal, too: what is shown is what is there.
    await patch(path, { state: isOn ? "disabled" : "enabled" }).finally(look);
    say(isOn ? "Paused: nothing is posted." : "Enabled: it gets what happens from now on.");
  };
  return (
    <>
      <div class="row">
        <button type="button" class={isOn ? undefined : "main"} onClick={() => start(turn)}>
          {isOn ? "Pause" : "Enable"}
        </button>
        <button type="button" onClick={() => setAsks("rotate")}>
          Rotate the secret …
        </button>
        <button type="button" class="danger" onClick={() => setAsks("delete")}>
          Delete …
        </button>
      </div>
      {error !== null && <Failure error={error} />}
      {made && <SecretOnce made={made} />}
      {webhook.previous_secret_until && !made && (
        <p class="quiet">
          Its old secret signs too until <Time at={webhook.previous_secret_until} />.
        </p>
      )}
      {asks === "rotate" && (
        <Confirm
          title="Make a new secret?"
          text="It is shown once. The present one signs too for 24 hours; one that was rotated away before does not any more."
          name="rotate"
          action="Rotate"
          close={close}
          run={async () => {
            setMade((await post<{ data: Made }>(`${path}/rotate`, {})).data);
            look();
          }}
        />
      )}
      {asks === "delete" && (
        <Confirm
          title={`Delete ${webhook.url}?`}
          text="It gets nothing any more, and all that waits for it is lost."
          name={nameOf(webhook.url)}
          action="Delete"
          close={close}
          run={async () => {
            await remove(path);
            say("The webhook is deleted.");
            go({ screen: "webhooks" });
          }}
        />
      )}
    </>
  );
}

// Webhooks: the endpoints that are told what happens, how they are, and a new one.
import { useState } from "preact/hooks";
import { getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Create } from "./create.tsx";
import { OneWebhook } from "./one-webhook.tsx";
import { type Made, SecretOnce } from "./secret-once.tsx";
import { type Webhook, wordOf } from "./webhook.ts";

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <All /> : <OneWebhook key={id} id={id} />;
}

const COLUMNS: readonly Column<Webhook>[] = [
  {
    name: "URL",
    text: ({ url }) => url,
    show: ({ id, url }) => <a href={hashOf({ screen: "webhooks", id })}>{url}</a>,
    isLong: true,
  },
  { name: "State", text: wordOf, show: (webhook) => <Mark word={wordOf(webhook)} /> },
  {
    name: "Failing since",
    text: ({ failing_since: since }) => since ?? "",
    show: ({ failing_since: since }) => since !== null && <Time at={since} />,
  },
  { name: "Events", text: ({ events }) => events?.join(", ") ?? "all", isLong: true },
  { name: "Format", text: ({ format }) => format },
  {
    name: "Since",
    text: ({ created_at: at }) => at,
    show: ({ created_at: at }) => <Time at={at} />,
  },
];

function All() {
  const mayChange = may(useMe(), "webhooks", "write");
  const { data, error, again } = useLoad(() => getPage<Webhook>("/v1/webhooks", {}), "");
  const [made, setMade] = useState<Made | null>(null);
  const done = (made: Made): void => {
    setMade(made);
    again();
  };
  return (
    <>
      <h1>Webhooks</h1>
      <p class="quiet">
        What happens to your mail, posted to your own URLs within seconds and signed.{" "}
        <a href={hashOf({ screen: "webhook-events" })}>
          What is posted, and how to verify it, in five languages
        </a>
      </p>
      {made && <SecretOnce made={made} />}
      {error !== null && <Failure error={error} again={again} />}
      {data === null && error === null && <Waiting />}
      {data?.data.length === 0 && (
        <Empty title="Nobody is told yet">
          {mayChange
            ? "Add the URL of your receiver below: from then on it gets every event that you choose."
            : "Whoever may change webhooks adds the URL of a receiver here."}
        </Empty>
      )}
      {data !== null && data.data.length > 0 && (
        <Table caption="Webhooks" columns={COLUMNS} rows={data.data} keyOf={({ id }) => id} />
      )}
      {mayChange && <Create done={done} />}
    </>
  );
}

// Webhooks: the endpoints that are told what happens, how they are, and a new one.
import { useState } from "preact/hooks";
import { usePages } from "../../lib/pages.ts";
import { usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { markColumn, timeColumn } from "../../ui/columns.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
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
    show: ({ id, url }) => <Link to={{ screen: "webhooks", id }}>{url}</Link>,
    isLong: true,
  },
  markColumn("State", wordOf),
  timeColumn("Failing since", (row) => row.failing_since),
  { name: "Events", text: ({ events }) => events?.join(", ") ?? "all", isLong: true },
  { name: "Format", text: ({ format }) => format },
  timeColumn("Since", (row) => row.created_at),
];

function All() {
  const mayChange = may(useMe(), "webhooks", "write");
  const pages = usePages<Webhook>("/v1/webhooks", {});
  const [made, setMade] = useState<Made | null>(null);
  const done = (made: Made): void => {
    setMade(made);
    pages.again();
  };
  return (
    <>
      <h1>Webhooks</h1>
      <p class="quiet">
        What happens to your mail, posted to your own URLs within seconds and signed.{" "}
        <Link to={{ screen: "webhook-events" }}>
          What is posted, and how to verify it, in five languages
        </Link>
      </p>
      {made && <SecretOnce made={made} />}
      <Listing
        pages={pages}
        caption="Webhooks"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={
          <Empty title="Nobody is told yet">
            {mayChange
              ? "Add the URL of your receiver below: from then on it gets every event that you choose."
              : "Whoever may change webhooks adds the URL of a receiver here."}
          </Empty>
        }
      />
      {mayChange && <Create done={done} />}
    </>
  );
}

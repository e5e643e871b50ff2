// API keys: which there are, what they may, when they were used; a new one; another secret; revoking.
import { useState } from "preact/hooks";
import { get, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { usePages } from "../../lib/pages.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Once } from "../../ui/once.tsx";
import { Empty, Failure, Time } from "../../ui/parts.tsx";
import { Snippets } from "../../ui/snippets.tsx";
import type { Column } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { boundsText, curlOf, type Ids, type Key, mayText } from "./key.ts";
import { lifeActions, lifeColumns } from "./life.ts";
import { CreateKey, type MadeKey } from "./new-key.tsx";
import { RotateKey } from "./rotate-key.tsx";

export function Screen() {
  const keys = usePages<Key>("/v1/keys", {});
  const [made, setMade] = useState<MadeKey | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const [leaving, setLeaving] = useState<Key | null>(null);
  const isWriter = may(useMe(), "keys", "write");
  const show = (made: MadeKey): void => {
    setMade(made);
    keys.again();
    scrollTo(0, 0);
  };
  return (
    <>
      <h1>API keys</h1>
      <p class="quiet">
        Programs show a key to send and to ask. Give each program its own: then one can be revoked
        without the others.
      </p>
      {made && <Made key={made.key} made={made} />}
      <Listing
        pages={keys}
        caption="API keys"
        columns={
          isWriter
            ? [...COLUMNS, lifeActions<Key>({ "Rotate …": setRotating, "Revoke …": setLeaving })]
            : COLUMNS
        }
        keyOf={({ id }) => id}
        empty={
          <Empty title="No key yet">
            Create one below; it is shown once, with a call to try it.
          </Empty>
        }
      />
      {isWriter && <CreateKey done={show} />}
      {rotating && <RotateKey of={rotating} done={show} close={() => setRotating(null)} />}
      {leaving && (
        <Confirm
          title="Revoke this key?"
          text={`Whatever uses ${leaving.hint} is answered 401, everywhere within 30 seconds. It cannot be undone.`}
          name={leaving.name}
          action="Revoke"
          close={() => setLeaving(null)}
          run={async () => {
            await remove(`/v1/keys/${leaving.id}`);
            if (made?.id === leaving.id) setMade(null);
            say(`${leaving.name} is revoked.`);
            keys.again();
          }}
        />
      )}
    </>
  );
}

type Account = Ids & { readonly default_sender: { readonly address: string } | null };

/** The key and the first call with it. */
function Made({ made }: { readonly made: MadeKey }) {
  const account = useLoad(() => get<Account>("/v1/account"), "");
  const sender = account.data?.default_sender?.address;
  const from = made.domain === null ? (sender ?? "hello@example.com") : `hello@${made.domain}`;
  return (
    <Once title={`The key of ${made.name}`} secrets={[["Key", made.key]]}>
      {account.error !== null && <Failure error={account.error} again={account.again} />}
      {account.data && (
        <Snippets
          snippets={[curlOf(made, made.key, { ...account.data, from, origin: location.origin })]}
        />
      )}
    </Once>
  );
}

const COLUMNS: readonly Column<Key>[] = [
  {
    name: "Name",
    text: ({ name }) => name,
    show: ({ name, hint, revoked_at, previous_until: until }) => (
      <span>
        {name} <code class="line whole quiet">{hint}</code>
        {revoked_at === null && until !== null && Date.parse(until) > Date.now() && (
          <span class="quiet">
            {" "}
            the secret before works until <Time at={until} />
          </span>
        )}
      </span>
    ),
  },
  {
    name: "May",
    text: (key) => [mayText(key), boundsText(key)].filter(Boolean).join("; "),
    show: (key) => (
      <>
        {mayText(key)} <span class="quiet">{boundsText(key)}</span>
      </>
    ),
  },
  ...lifeColumns<Key>(),
];

// SMTP credentials: what mail programs sign in with, their settings to copy, a new one, revoking.
import { useState } from "preact/hooks";
import { get, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { usePages } from "../../lib/pages.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Once } from "../../ui/once.tsx";
import { Copy, Empty, Failure } from "../../ui/parts.tsx";
import { Snippets } from "../../ui/snippets.tsx";
import type { Column } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { stateOf } from "../keys/key.ts";
import { lifeActions, lifeColumns } from "../keys/life.ts";
import { boundsText, type Credential, type Gateway, TLS_WORDS } from "./credential.ts";
import { CreateCredential, type MadeCredential } from "./new-credential.tsx";
import { snippetsOf } from "./programs.ts";

type Account = { readonly smtp: Gateway | null };

/** What stands in settings where the deployment does not say where its gateway is. */
const UNKNOWN: Gateway = { host: "smtp.example.com", port: 587, tls: "starttls" };

/** What stands in settings for a password that was shown once. */
const NO_PASSWORD = "YOUR-PASSWORD";

export function Screen() {
  const credentials = usePages<Credential>("/v1/smtp-credentials", {});
  const account = useLoad(() => get<Account>("/v1/account"), "");
  const [made, setMade] = useState<MadeCredential | null>(null);
  const [leaving, setLeaving] = useState<Credential | null>(null);
  const isWriter = may(useMe(), "smtp-credentials", "write");
  const usable = credentials.rows?.filter((one) => stateOf(one, Date.now()) === "active") ?? [];
  return (
    <>
      <h1>SMTP</h1>
      <p class="quiet">
        WordPress, Postfix and whatever else speaks SMTP sign in at the gateway with a credential.
        Give each program its own.
      </p>
      {account.error !== null && <Failure error={account.error} again={account.again} />}
      {account.data && <Server gateway={account.data.smtp} />}
      {made && account.data && (
        <Once
          title={`The credential of ${made.name}`}
          secrets={[
            ["User name", made.username],
            ["Password", made.password],
          ]}
        >
          <Programs gateway={account.data.smtp} credential={made} password={made.password} />
        </Once>
      )}
      <Listing
        pages={credentials}
        caption="SMTP credentials"
        columns={
          isWriter ? [...COLUMNS, lifeActions<Credential>({ "Revoke …": setLeaving })] : COLUMNS
        }
        keyOf={({ id }) => id}
        empty={
          <Empty title="No credential yet">
            Create one below: user name and password, and the settings for your program with them.
          </Empty>
        }
      />
      {isWriter && (
        <CreateCredential
          done={(made) => {
            setMade(made);
            credentials.again();
            scrollTo(0, 0);
          }}
        />
      )}
      {!made && account.data && usable[0] && (
        <section class="card" aria-labelledby="programs">
          <h2 id="programs">Settings of programs</h2>
          <Choice usable={usable} gateway={account.data.smtp} />
        </section>
      )}
      {leaving && (
        <Confirm
          title="Revoke this credential?"
          text={`Whatever signs in as ${leaving.username} is refused within 30 seconds. It cannot be undone.`}
          name={leaving.name}
          action="Revoke"
          close={() => setLeaving(null)}
          run={async () => {
            await remove(`/v1/smtp-credentials/${leaving.id}`);
            if (made?.id === leaving.id) setMade(null);
            say(`${leaving.name} is revoked.`);
            credentials.again();
          }}
        />
      )}
    </>
  );
}

type GatewayProps = { readonly gateway: Gateway | null };

function Server({ gateway }: GatewayProps) {
  if (gateway === null) {
    return (
      <p class="attention">
        This deployment does not say where its gateway is: set the variable SMTP_GATEWAY. Below,
        smtp.example.com stands for it.
      </p>
    );
  }
  return (
    <dl class="facts">
      <dt>Server</dt>
      <dd class="row">
        <code>{gateway.host}</code> <Copy text={gateway.host} />
      </dd>
      <dt>Port</dt>
      <dd>
        {gateway.port}, {TLS_WORDS[gateway.tls]}
      </dd>
    </dl>
  );
}

type ProgramsProps = GatewayProps & {
  readonly credential: Credential;
  readonly password: string;
};

function Programs({ gateway, credential, password }: ProgramsProps) {
  const { username, domain, sender_domain: sender } = credential;
  const login = { username, password, from: `hello@${sender ?? domain}` };
  return <Snippets snippets={snippetsOf(gateway ?? UNKNOWN, login)} />;
}

/** Settings with a credential that was made before: all but its password. */
function Choice({ usable, gateway }: GatewayProps & { readonly usable: readonly Credential[] }) {
  const [id, setId] = useState("");
  const credential = usable.find((one) => one.id === id) ?? usable[0];
  if (!credential) return null;
  return (
    <>
      <SelectField
        label="Credential"
        value={credential.id}
        options={usable.map((one) => [one.id, `${one.name}, ${one.username}`] as const)}
        set={setId}
      />
      <Programs gateway={gateway} credential={credential} password={NO_PASSWORD} />
    </>
  );
}

const COLUMNS: readonly Column<Credential>[] = [
  {
    name: "Name",
    text: ({ name }) => name,
    show: ({ name, username }) => (
      <span>
        {name} <code class="line quiet">{username}</code>
      </span>
    ),
    isLong: true,
  },
  { name: "Kept to", text: boundsText, isLong: true },
  ...lifeColumns<Credential>(),
];

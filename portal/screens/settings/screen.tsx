// Settings of the account: how long things are kept, when an address is bad, the plan and its limits.
import { useState } from "preact/hooks";
import { get, patch } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Copy, Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { type Account, changeOf, deletes, NUMBERS } from "./account.ts";
import { Plan } from "./plan.tsx";

export function Screen() {
  const account = useLoad(() => get<Account>("/v1/account"), "");
  const [saved, setSaved] = useState<Account | null>(null);
  const now = saved ?? account.data;
  const changed = (account: Account): void => {
    setSaved(account);
    say("Saved.");
  };
  return (
    <>
      <h1>Settings</h1>
      {account.error !== null && <Failure error={account.error} again={account.again} />}
      {account.data === null && account.error === null && <Waiting />}
      {now && (
        <>
          <Rules key={JSON.stringify(now)} account={now} done={changed} />
          <Sender account={now} />
          <Plan account={now} done={changed} />
          <Ids account={now} />
        </>
      )}
    </>
  );
}

const TITLE = "What is kept, and which addresses are bad";

type PartProps = { readonly account: Account; readonly done: (account: Account) => void };

function Rules({ account, done }: PartProps) {
  const isWriter = may(useMe(), "account", "write");
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [isAsking, setAsking] = useState(false);
  const change = changeOf(account, typed);
  const numbers = NUMBERS.map(({ name, label, does, min, max }) => (
    <div key={name}>
      <TextField
        label={label}
        type="number"
        required
        min={min}
        max={max}
        step={1}
        disabled={!isWriter}
        value={typed[name] ?? String(account[name])}
        aria-describedby={`${name}-does`}
        set={(value) => setTyped({ ...typed, [name]: value })}
      />
      <p id={`${name}-does`} class="quiet">
        {does}
      </p>
    </div>
  ));
  const save = async (): Promise<void> => {
    done((await patch<{ data: Account }>("/v1/account", change)).data);
  };
  return (
    <>
      {isWriter ? (
        <Form
          title={TITLE}
          action="Save"
          isMain
          isReady={change !== null}
          run={async () => {
            if (change && deletes(account, change)) setAsking(true);
            else await save();
          }}
        >
          {numbers}
        </Form>
      ) : (
        <section class="card narrow" aria-label={TITLE}>
          <h2>{TITLE}</h2>
          {numbers}
        </section>
      )}
      {isAsking && (
        <Confirm
          title="Delete what is older?"
          text="What was kept longer than that is deleted for good, beginning within minutes."
          name="delete"
          action="Save and delete"
          run={save}
          close={() => setAsking(false)}
        />
      )}
    </>
  );
}

function Sender({ account: { default_sender: sender } }: { readonly account: Account }) {
  const domains = <Link to={{ screen: "domains" }}>the domains</Link>;
  return (
    <section class="card narrow" aria-labelledby="sender">
      <h2 id="sender">Default sender</h2>
      {sender === null ? (
        <p>
          There is none: mail that names no sender is refused. Give one of {domains} a default
          sender.
        </p>
      ) : (
        <>
          <p>
            {sender.name} <code>{sender.address}</code>
          </p>
          <p class="quiet">
            Mail that names no sender is from it: the default sender of the oldest verified domain
            that has one. It is changed at {domains}.
          </p>
        </>
      )}
    </section>
  );
}

function Ids({ account: { sid, org_id: orgId } }: { readonly account: Account }) {
  return (
    <section class="card narrow" aria-labelledby="ids">
      <h2 id="ids">Names of this account</h2>
      <dl class="facts plain">
        <dt>sid, in the Audience API</dt>
        <dd class="row">
          <code>{sid}</code> <Copy text={sid} label="Copy the sid" />
        </dd>
        <dt>org_id, in the Mailing Lists API</dt>
        <dd class="row">
          <code>{orgId}</code> <Copy text={orgId} label="Copy the org_id" />
        </dd>
      </dl>
    </section>
  );
}

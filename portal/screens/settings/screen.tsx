// Settings of the account: how long things are kept, when an address is bad, the plan and its limits.
import { useState } from "preact/hooks";
import { get, patch } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
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

type PartProps = { readonly account: Account; readonly done: (account: Account) => void };

function Rules({ account, done }: PartProps) {
  const isWriter = may(useMe(), "account", "write");
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const change = changeOf(account, typed);
  const save = async (): Promise<void> => {
    setError(null);
    done((await patch<{ data: Account }>("/v1/account", change)).data);
  };
  return (
    <>
      <form
        class="card narrow"
        aria-labelledby="rules"
        onSubmit={(event) => {
          event.preventDefault();
          if (change && deletes(account, change)) setAsking(true);
          else save().catch(setError);
        }}
      >
        <h2 id="rules">What is kept, and which addresses are bad</h2>
        {NUMBERS.map(({ name, label, does, min, max }) => (
          <div key={name}>
            <label>
              <span>{label}</span>
              <input
                type="number"
                required
                min={min}
                max={max}
                step={1}
                disabled={!isWriter}
                value={typed[name] ?? account[name]}
                aria-describedby={`${name}-does`}
                onInput={({ currentTarget: { value } }) => setTyped({ ...typed, [name]: value })}
              />
            </label>
            <p id={`${name}-does`} class="quiet">
              {does}
            </p>
          </div>
        ))}
        {error !== null && <Failure error={error} />}
        {isWriter && (
          <div class="row">
            <button type="submit" class="main" disabled={change === null}>
              Save
            </button>
          </div>
        )}
      </form>
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
  const domains = <a href={hashOf({ screen: "domains" })}>the domains</a>;
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
